/** The tokenizer of a Hugging Face directory: tokenizer.json, and what tokenizer_config.json adds. */
import { z } from 'zod';
import { BlockragError } from '../../errors.ts';
import { endTokens, type TokenizerFile } from '../tokenizer.ts';
import { unsupported } from '../unsupported.ts';
import type { HuggingFaceConfig } from './config.ts';

const part = z.looseObject({ type: z.string() });

const tokenizerSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.int().nonnegative(), content: z.string() })).default([]),
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
  if (kind !== 'BPE' || model.byte_fallback || !isByteLevel || !pre_tokenizer) {
    throw unsupported(`its tokenizer (${kind}) is not a byte-level BPE`);
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
  const special = [...new Set(file.added_tokens.map(({ id }) => id))].sort((a, b) => a - b);
  const idOf = (token: z.infer<typeof tokenSchema>) =>
    ids.get((typeof token === 'string' ? token : token?.content) ?? '');
  const bos = idOf(settings.bos_token);
  const eos = idOf(settings.eos_token);
  const stated = idList(sources.generation);
  const named = [...(stated.length > 0 ? stated : idList(config)), ...(eos === undefined ? [] : [eos])];
  return {
    pre: 'tokenizer.json',
    preTokenizer: {
      normalizer: normalizer ?? null,
      preTokenizer: pre_tokenizer,
      ignoreMerges: model.ignore_merges,
    },
    tokens,
    merges: model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' '))),
    special,
    bos,
    end: endTokens(named, special, tokens),
    addBos: settings.add_bos_token ?? startsWithBos(file.post_processor, settings.bos_token),
    chatTemplate: sources.chatTemplate ?? chatTemplateOf(settings.chat_template),
  };
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
