/** The tokenizer of a Hugging Face directory: tokenizer.json, and what tokenizer_config.json adds. */
import { z } from 'zod';
import { BlockragError } from '../../errors.ts';
import { isFoundWhole, type Pieces } from '../sentencepiece.ts';
import { endTokens, type TokenizerFile } from '../tokenizer.ts';
import { unsupported } from '../unsupported.ts';
import type { HuggingFaceConfig } from './config.ts';

const part = z.looseObject({ type: z.string() });

const tokenizerSchema = z.looseObject({
  added_tokens: z
    .array(
      z.looseObject({
        id: z.int().nonnegative(),
        content: z.string(),
        special: z.boolean().default(true),
      }),
    )
    .default([]),
  normalizer: part.nullish(),
  pre_tokenizer: part.nullish(),
  post_processor: part.nullish(),
  decoder: part.nullish(),
  model: z.looseObject({
    type: z.string().nullish(),
    vocab: z.record(z.string(), z.int().nonnegative()),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
    ignore_merges: z.boolean().default(false),
    byte_fallback: z.boolean().default(false),
  }),
});

/** A token as its text, or with its flags. */
const tokenSchema = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();

const settingsSchema = z.looseObject({
  bos_token: tokenSchema,
  eos_token: tokenSchema,
  add_bos_token: z.boolean().nullish(),
  chat_template: z
    .union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))])
    .nullish(),
});

/** The JSON files of a directory, and its chat_template.jinja, as far as they are there. */
export interface TokenizerSources {
  tokenizer: unknown;
  /** tokenizer_config.json */
  settings: unknown;
  /** generation_config.json */
  generation: unknown;
  chatTemplate: string | undefined;
}

/**
 * @param vocabulary rows of the embedding; a model may have more of them than there are tokens
 * @throws BlockragError `model_corrupt`, `model_unsupported` for what is no byte-level BPE
 */
export function readHuggingFaceTokenizer(
  sources: TokenizerSources,
  config: HuggingFaceConfig,
  vocabulary: number,
): TokenizerFile {
  const file = parse('tokenizer.json', tokenizerSchema, sources.tokenizer);
  const settings = parse('tokenizer_config.json', settingsSchema, sources.settings ?? {});
  const { model, pre_tokenizer, normalizer, decoder } = file;
  const kind = model.type ?? 'BPE';
  const isByteLevel = JSON.stringify([pre_tokenizer, decoder]).includes('"ByteLevel"');
  const isByteLevelBpe = kind === 'BPE' && !model.byte_fallback && isByteLevel && pre_tokenizer;
  const isSentencePiece = kind === 'BPE' && model.byte_fallback && onlyWritesSpaces(normalizer);
  if (!isByteLevelBpe && !isSentencePiece) {
    throw unsupported(`its tokenizer (${kind}) is neither a byte-level BPE nor gemma's SentencePiece`);
  }
  const ids = new Map(Object.entries(model.vocab));
  for (const { id, content } of file.added_tokens) ids.set(content, id);
  const tokens: string[] = [];
  for (const [token, id] of ids) {
    if (id >= vocabulary) {
      throw new BlockragError('model_corrupt', `The token ${id} has no embedding: there are ${vocabulary}.`);
    }
    tokens[id] = token;
  }
  for (let id = 0; id < tokens.length; id++) tokens[id] ??= `[unused ${id}]`;
  const added = [...new Set(file.added_tokens.map(({ id }) => id))].sort((a, b) => a - b);
  const whole = isSentencePiece
    ? file.added_tokens.flatMap((token) => (!token.special && isFoundWhole(token.content) ? [token.id] : []))
    : [];
  const special = added.filter((id) => !whole.includes(id));
  const merges = model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
  const idOf = (token: z.infer<typeof tokenSchema>) =>
    ids.get((typeof token === 'string' ? token : token?.content) ?? '');
  const bos = idOf(settings.bos_token);
  const eos = idOf(settings.eos_token);
  const stated = idList(sources.generation);
  const named = [...(stated.length > 0 ? stated : idList(config)), ...(eos === undefined ? [] : [eos])];
  return {
    ...(isSentencePiece
      ? { pre: 'sentencepiece', pieces: { scores: mergeScores(tokens, added, merges), whole }, merges: [] }
      : {
          pre: 'tokenizer.json',
          preTokenizer: {
            normalizer: normalizer ?? null,
            preTokenizer: pre_tokenizer!,
            ignoreMerges: model.ignore_merges,
          },
          merges,
        }),
    tokens,
    special,
    bos,
    end: endTokens(named, special, tokens),
    addBos: settings.add_bos_token ?? startsWithBos(file.post_processor, settings.bos_token),
    chatTemplate: sources.chatTemplate ?? chatTemplateOf(settings.chat_template),
  };
}

/** Whether a normalizer does nothing but to write spaces as U+2581. */
function onlyWritesSpaces(normalizer: z.infer<typeof part> | null | undefined): boolean {
  const { type, pattern, content } = Object(normalizer) as Record<string, unknown>;
  return (
    type === 'Replace' && content === '\u2581' && (Object(pattern) as { String?: unknown }).String === ' '
  );
}

/** The rank of the first merge that makes a token, as a score; 0 for characters; null for what no text makes. */
function mergeScores(
  tokens: readonly string[],
  added: readonly number[],
  merges: readonly string[],
): Pieces['scores'] {
  const ranks = new Map<string, number>();
  for (const [rank, merge] of merges.entries()) {
    const made = merge.replace(' ', '');
    if (!ranks.has(made)) ranks.set(made, rank);
  }
  const notText = new Set(added);
  return tokens.map((token, id) => {
    if (notText.has(id)) return null;
    const rank = ranks.get(token);
    if (rank !== undefined) return -rank;
    return [...token].length === 1 ? 0 : null;
  });
}

function idList(config: unknown): number[] {
  const { eos_token_id } = Object(config) as { eos_token_id?: unknown };
  return [eos_token_id].flat().filter((id): id is number => Number.isInteger(id));
}

/** Whether the tokenizer's own template (TemplateProcessing) puts the bos token first. */
function startsWithBos(processor: unknown, bos: z.infer<typeof tokenSchema>): boolean {
  const token = typeof bos === 'string' ? bos : bos?.content;
  const { processors = [processor] } = Object(processor) as { processors?: unknown[] };
  return processors.some((one) => {
    const { single } = Object(one) as { single?: unknown };
    const [first] = Array.isArray(single) ? single : [];
    return token !== undefined && Object(Object(first).SpecialToken).id === token;
  });
}

function chatTemplateOf(stated: z.infer<typeof settingsSchema>['chat_template']): string | undefined {
  if (!Array.isArray(stated)) return stated ?? undefined;
  return (stated.find(({ name }) => name === 'default') ?? stated[0])?.template;
}

function parse<T>(file: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BlockragError('model_corrupt', `${file}: ${issue?.path.join('.')} is wrong or missing.`, {
    cause: parsed.error,
  });
}
