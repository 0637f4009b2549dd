/** What a chat completion request may hold. OpenAI's fields are here by their own names. */

import { z } from 'zod';
import { DEFAULT_MAX_TOKENS, DEFAULT_TOP_K } from '../../../pipeline/defaults.ts';
import { filterSchema } from '../../../pipeline/metadata.ts';
import { nameSchema, sampling } from '../../schemas/requests.ts';

const textPart = z.strictObject({ type: z.literal('text'), text: z.string() });
const content = z.union([z.string(), z.array(textPart).min(1)]);
const name = z.string().optional();

const messageSchema = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'developer']), content, name }),
  z.strictObject({ role: z.literal('user'), content, name }),
  // Clients send an assistant's message back as they got it.
  z.strictObject({
    role: z.literal('assistant'),
    content,
    name,
    refusal: z.null().optional(),
    annotations: z.array(z.unknown()).max(0).optional(),
  }),
]);

export type Message = z.infer<typeof messageSchema>;

/** Only values that change nothing are taken: any other would ask for what is not done. */
const NEUTRAL = {
  n: z.literal(1).nullish(),
  presence_penalty: z.literal(0).nullish(),
  frequency_penalty: z.literal(0).nullish(),
  logprobs: z.literal(false).nullish(),
  top_logprobs: z.literal(0).nullish(),
  logit_bias: z.strictObject({}).nullish(),
  response_format: z.strictObject({ type: z.literal('text') }).nullish(),
  modalities: z.tuple([z.literal('text')]).nullish(),
  tools: z.array(z.unknown()).max(0).nullish(),
  tool_choice: z.enum(['none', 'auto']).nullish(),
};

/** These change nothing about an answer. */
const HARMLESS = {
  user: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  store: z.boolean().nullish(),
  service_tier: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  parallel_tool_calls: z.boolean().nullish(),
};

export const chatRequestSchema = z
  .strictObject({
    model: z.string().meta({ description: 'MODEL, or MODEL@COLLECTION.' }),
    messages: z.array(messageSchema).min(1).max(1000),
    temperature: sampling.temperature.nullish().transform((value) => value ?? 0),
    top_p: sampling.topP.nullish().transform((value) => value ?? 1),
    max_tokens: sampling.maxTokens.nullish(),
    max_completion_tokens: sampling.maxTokens.nullish(),
    stop: sampling.stop.nullish().transform((value) => value ?? []),
    seed: sampling.seed.nullish(),
    stream: z.boolean().nullish(),
    stream_options: z
      .strictObject({
        include_usage: z.boolean().optional(),
        include_obfuscation: z.literal(false).optional(),
      })
      .nullish(),
    ...NEUTRAL,
    ...HARMLESS,
    blockrag: z
      .strictObject({
        collection: nameSchema.optional(),
        filter: filterSchema.optional(),
        top_k: sampling.topK.default(DEFAULT_TOP_K),
        attention: sampling.attention.default('block'),
      })
      .optional()
      .meta({ description: 'What OpenAI has no field for. Without a collection: a chat without documents.' }),
  })
  .transform(({ max_tokens, max_completion_tokens, ...rest }) => ({
    ...rest,
    maxTokens: max_completion_tokens ?? max_tokens ?? DEFAULT_MAX_TOKENS,
  }))
  .meta({
    id: 'ChatRequest',
    example: {
      model: 'smollm2-135m-8k-lc100k-mix1-ep2@station',
      messages: [{ role: 'user', content: 'When does the ferry leave?' }],
      max_tokens: 64,
    },
  });

export type ChatRequest = z.infer<typeof chatRequestSchema>;

/** Whether a field is one of OpenAI's that is taken in its neutral value only. */
export function isNeutralOnly(field: string): boolean {
  return field in NEUTRAL;
}
