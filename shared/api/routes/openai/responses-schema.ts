/** What a request of the Responses API may hold, and its input as messages. */
import { z } from 'zod';
import { BlockragError } from '../../../errors.ts';
import { extensionFields, maxTokensSchema, samplingFields } from './generation-schema.ts';
import { contentSchema, type Message } from './message-schema.ts';

/** Only values that change nothing are taken: any other would ask for what is not done. */
const NEUTRAL = {
  previous_response_id: z.null().optional(),
  conversation: z.null().optional(),
  prompt: z.null().optional(),
  background: z.literal(false).nullish(),
  top_logprobs: z.literal(0).nullish(),
  text: z.looseObject({ format: z.looseObject({ type: z.literal('text') }).nullish() }).nullish(),
  // Tools may be offered: an answer that calls none is one of those that are allowed.
  tool_choice: z.enum(['none', 'auto']).nullish(),
};

const itemSchema = z
  .looseObject({
    type: z.string().nullish(),
    role: z.string().nullish(),
    content: contentSchema,
    output: contentSchema,
  })
  .meta({
    description: 'A message, with its role and content; calls of tools and their results are passed over.',
  });

export const responseRequestSchema = z
  .object({
    model: z.string().meta({ description: 'MODEL, or MODEL@COLLECTION.' }),
    input: z.union([z.string(), z.array(itemSchema).min(1)]),
    instructions: z.string().nullish(),
    max_output_tokens: maxTokensSchema,
    temperature: samplingFields.temperature,
    top_p: samplingFields.top_p,
    stream: z.boolean().nullish(),
    metadata: z.record(z.string(), z.unknown()).nullish(),
    ...NEUTRAL,
    blockrag: extensionFields,
  })
  .meta({
    id: 'ResponseRequest',
    description: 'Fields that are not named here are passed over.',
    example: { model: 'smollm2-135m-instruct@station', input: 'When does the ferry leave?' },
  });

export type ResponseRequest = z.infer<typeof responseRequestSchema>;

/** What to do where a field asks for more than its neutral value; undefined for a field that has no such value. */
export function insteadOfField(field: string): string | undefined {
  if (field === 'previous_response_id' || field === 'conversation') {
    return 'responses are not stored, so send the earlier turns in input';
  }
  return field in NEUTRAL ? 'leave it out' : undefined;
}

/** The conversation of a request. @throws BlockragError `unsupported_parameter` for what stands for stored items */
export function toMessages({ input, instructions }: ResponseRequest): Message[] {
  const messages: Message[] =
    typeof input === 'string' ? [{ role: 'user', content: input }] : input.map(toMessage);
  return instructions ? [...messages, { role: 'system', content: instructions }] : messages;
}

function toMessage({ type, role, content, output }: z.infer<typeof itemSchema>, at: number): Message {
  switch (type ?? 'message') {
    case 'message':
      return { role: role ?? '', content };
    case 'function_call':
    case 'custom_tool_call':
      return { role: 'assistant', content: null, tool_calls: [{}] };
    case 'function_call_output':
    case 'custom_tool_call_output':
      return { role: 'tool', content: output };
    case 'reasoning':
      return { role: 'assistant', content: null, tool_calls: [{}] };
    default: {
      const field = `input.${at}`;
      const message =
        type === 'item_reference'
          ? `${field}: responses are not stored here: send the text of the earlier turn (with the AI SDK: store: false).`
          : `${field}: items of type "${type}" are not supported here: leave them out.`;
      throw new BlockragError('unsupported_parameter', message, { data: { field } });
    }
  }
}
