/** The tokenizer that a GGUF file holds. */
import { BlockragError } from '../errors.ts';
import type { GgufFile } from './gguf.ts';
import { endTokens, type TokenizerFile } from './tokenizer.ts';

/** @throws BlockragError `model_corrupt` */
export function readGgufTokenizer(file: GgufFile, vocabulary: number): TokenizerFile | undefined {
  const tokens = file.strings('tokenizer.ggml.tokens');
  if (tokens === undefined) return undefined;
  if (tokens.length > vocabulary) {
    throw new BlockragError('model_corrupt', `${tokens.length} tokens, but ${vocabulary} embeddings.`);
  }
  const kind = file.string('tokenizer.ggml.model') ?? 'gpt2';
  const types = file.numbers('tokenizer.ggml.token_type') ?? [];
  // 3: control, 4: user-defined (gguf-py's TokenType)
  const special = types.flatMap((type, id) => (type === 3 || type === 4 ? [id] : []));
  const named = ['eos_token_id', 'eot_token_id'].flatMap((key) => file.number(`tokenizer.ggml.${key}`) ?? []);
  const pre = file.string('tokenizer.ggml.pre') ?? 'default';
  return {
    // A name that no pre-tokenizer has makes the loader refuse other kinds of tokenizer by name.
    pre: kind === 'gpt2' ? pre : `${kind}/${pre}`,
    tokens,
    merges: file.strings('tokenizer.ggml.merges') ?? [],
    special,
    bos: file.number('tokenizer.ggml.bos_token_id'),
    end: endTokens(named, special, tokens),
    addBos: file.boolean('tokenizer.ggml.add_bos_token') ?? pre === 'llama-bpe',
    chatTemplate: file.string('tokenizer.chat_template'),
  };
}
