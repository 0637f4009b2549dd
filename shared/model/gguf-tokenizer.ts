/** The tokenizer that a GGUF file holds. */
import { BlockragError } from '../errors.ts';
import type { GgufFile } from './gguf.ts';
import { isFoundWhole, type Pieces } from './sentencepiece.ts';
import { endTokens, type TokenizerFile } from './tokenizer.ts';

/** As gguf-py numbers them. */
const TokenType = { normal: 1, control: 3, userDefined: 4 } as const;

/** @throws BlockragError `model_corrupt` */
export function readGgufTokenizer(file: GgufFile, vocabulary: number): TokenizerFile | undefined {
  const tokens = file.strings('tokenizer.ggml.tokens');
  if (tokens === undefined) return undefined;
  if (tokens.length > vocabulary) {
    throw new BlockragError('model_corrupt', `${tokens.length} tokens, but ${vocabulary} embeddings.`);
  }
  const kind = file.string('tokenizer.ggml.model') ?? 'gpt2';
  const types = file.numbers('tokenizer.ggml.token_type') ?? [];
  const pieces = kind === 'llama' ? readPieces(file, tokens, types) : undefined;
  const whole = new Set(pieces?.whole);
  const isSpecial = (type: number, id: number) =>
    type === TokenType.control || (type === TokenType.userDefined && !whole.has(id));
  const special = types.flatMap((type, id) => (isSpecial(type, id) ? [id] : []));
  const named = ['eos_token_id', 'eot_token_id'].flatMap((key) => file.number(`tokenizer.ggml.${key}`) ?? []);
  const pre = file.string('tokenizer.ggml.pre') ?? 'default';
  return {
    // A name that no pre-tokenizer has makes the loader refuse other kinds of tokenizer by name.
    pre: pieces !== undefined ? 'sentencepiece' : kind === 'gpt2' ? pre : `${kind}/${pre}`,
    ...(pieces !== undefined && { pieces }),
    tokens,
    merges: file.strings('tokenizer.ggml.merges') ?? [],
    special,
    bos: file.number('tokenizer.ggml.bos_token_id'),
    end: endTokens(named, special, tokens),
    addBos: file.boolean('tokenizer.ggml.add_bos_token') ?? pre === 'llama-bpe',
    chatTemplate: file.string('tokenizer.chat_template'),
  };
}

/** Undefined where the tokenizer does more to a text than is implemented. @throws BlockragError `model_corrupt` */
function readPieces(
  file: GgufFile,
  tokens: readonly string[],
  types: readonly number[],
): Omit<Pieces, 'tokens'> | undefined {
  const flag = (name: string) => file.boolean(`tokenizer.ggml.${name}`);
  // llama.cpp's defaults.
  if (flag('add_space_prefix') ?? true) return undefined;
  if (flag('remove_extra_whitespaces') ?? false) return undefined;
  const scores = file.numbers('tokenizer.ggml.scores');
  if (scores?.length !== tokens.length || types.length !== tokens.length) {
    throw new BlockragError('model_corrupt', 'The tokenizer has no score and type of every token.');
  }
  return {
    scores: scores.map((score, id) => (types[id] === TokenType.normal ? score : null)),
    whole: tokens.flatMap((token, id) =>
      types[id] === TokenType.userDefined && isFoundWhole(token) ? [id] : [],
    ),
  };
}
