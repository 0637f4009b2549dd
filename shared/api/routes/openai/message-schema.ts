/** Messages as OpenAI's clients send them: what changes nothing about an answer is passed over. */
import { z } from 'zod';
import { BlockragError } from '../../../errors.ts';

const partSchema = z.union([
  z.string(),
  z.looseObject({ type: z.string().nullish(), text: z.string().nullish() }),
]);

export const contentSchema = z
  .union([z.string(), z.array(partSchema)])
  .nullish()
  .meta({ description: 'A text, or parts of text.' });

export const messageSchema = z
  .looseObject({
    role: z.string().meta({ description: 'system, developer, user, assistant, tool or function.' }),
    content: contentSchema,
    tool_calls: z.array(z.unknown()).nullish(),
    function_call: z.looseObject({}).nullish(),
  })
  .meta({ description: 'Other fields (name, id, annotations, ...) are passed over.' });

export type Message = z.infer<typeof messageSchema>;
export type Content = z.infer<typeof contentSchema>;

/** Parts that are no part of what was said: what a model thought, and the tools that it called. */
const UNSAID = new Set(['thinking', 'redacted_thinking', 'reasoning', 'think', 'tool_use', 'tool_call']);

/** The text of a content. @param field where it stands @throws BlockragError `invalid_request` for a picture, ... */
export function textOf(content: Content, field: string): string {
  if (content === undefined || content === null) return '';
  if (typeof content === 'string') return content;
  return content.map((part, i) => partText(part, `${field}.${i}`)).join('');
}

function partText(part: z.infer<typeof partSchema>, field: string): string {
  if (typeof part === 'string') return part;
  const { type, text, refusal } = part;
  if (typeof text === 'string') return text;
  if (type === 'refusal' && typeof refusal === 'string') return refusal;
  if (UNSAID.has(type ?? '')) return '';
  const message = `${field}: only text is read here; leave parts of type "${type ?? ''}" out.`;
  throw new BlockragError('invalid_request', message, { data: { field } });
}
