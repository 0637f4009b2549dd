/** What a chat completion request may hold. OpenAI's fields are here by their own names. */

import { z } from 'zod';
import { extensionFields, maxTokensSchema, samplingFields } from './generation-schema.ts';
import { messageSchema } from './message-schema.ts';

/** Only values that change nothing are taken: any other would ask for what is not done. */
const NEUTRAL = {
  n: z.literal(1).nullish(),
  presence_penalty: z.literal(0).nullish(),
  frequency_penalty: z.literal(0).nullish(),
  logprobs: z.literal(false).nullish(),
  top_logprobs: z.literal(0).nullish(),
  logit_bias: z.strictObject({}).nullish(),
  response_format: z.looseObject({ type: z.literal('text') }).nullish(),
  modalities: z.tuple([z.literal('text')]).nullish(),
  audio: z.null().optional(),
  web_search_options: z.null().optional(),
  // Tools may be offered: an answer that calls none is one of those that are allowed.
  tool_choice: z.enum(['none', 'auto']).nullish(),
  function_call: z.enum(['none', 'auto']).nullish(),
};

export const chatRequestSchema = z
  .object({
    model: z.string().meta({ description: 'MODEL, or MODEL@COLLECTION.' }),
    messages: z.array(messageSchema).min(1),
    ...samplingFields,
    max_tokens: maxTokensSchema,
    max_completion_tokens: maxTokensSchema,
    stream: z.boolean().nullish(),
    stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
    ...NEUTRAL,
    blockrag: extensionFields,
  })
  .meta({
    id: 'ChatRequest',
    description: 'Fields that are not named here are passed over.',
    example: {
      model: 'smollm2-135m-instruct@station',
      messages: [{ role: 'user', content: 'When does the ferry leave?' }],
      max_tokens: 64,
    },
  });

/** What to do where a field asks for more than its neutral value; undefined for a field that has no such value. */
export function insteadOfField(field: string): string | undefined {
  return field in NEUTRAL ? 'leave it out' : undefined;
}
