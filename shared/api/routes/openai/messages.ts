/** OpenAI's messages as a conversation: a system text, earlier turns, and the question that ends it. */
import { BlockragError } from '../../../errors.ts';
import type { Turn } from '../../../model/prompt.ts';
import type { Message } from './chat-schema.ts';

export interface Conversation {
  system: string | undefined;
  /** They begin and end with a user's turn, and roles alternate. */
  turns: Turn[];
}

/**
 * System and developer messages are joined, wherever they stand; so are messages of one role that follow each
 * other, with a blank line between.
 * @throws BlockragError `invalid_request` for a conversation that does not begin and end with the user
 */
export function toConversation(messages: readonly Message[]): Conversation {
  const system: string[] = [];
  const turns: Turn[] = [];
  for (const { role, content } of messages) {
    const text = typeof content === 'string' ? content : content.map((part) => part.text).join('');
    const last = turns.at(-1);
    if (role === 'system' || role === 'developer') system.push(text);
    else if (last?.role === role) last.content += `\n\n${text}`;
    else turns.push({ role, content: text });
  }
  if (turns[0]?.role !== 'user' || turns.at(-1)?.role !== 'user') {
    const message = 'messages: the first and the last, system messages aside, must be of the user.';
    throw new BlockragError('invalid_request', message, { data: { field: 'messages' } });
  }
  return { system: system.length === 0 ? undefined : system.join('\n\n'), turns };
}
