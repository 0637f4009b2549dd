/** OpenAI's messages as a conversation: a system text, earlier turns, and the question that ends it. */
import { BlockragError } from '../../../errors.ts';
import type { Turn } from '../../../model/prompt.ts';
import { type Message, textOf } from './message-schema.ts';

export interface Conversation {
  system: string | undefined;
  /** They begin and end with a user's turn, and roles alternate. */
  turns: Turn[];
}

const ROLES: Record<string, Turn['role'] | 'system' | 'tool'> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
  function: 'tool',
};

/**
 * System and developer messages are joined, wherever they stand; so are messages of one role that follow each
 * other, with a blank line between. An assistant's greeting before the first question is left out. So are the tools
 * that another model called, except for results after the last question: they belong to it.
 * @param field where the messages stand in the request
 * @throws BlockragError `invalid_request` for a conversation that does not end with the user
 */
export function toConversation(messages: readonly Message[], field = 'messages'): Conversation {
  const system: string[] = [];
  const turns: Turn[] = [];
  const lastQuestion = messages.findLastIndex(({ role }) => role === 'user');
  for (const [i, message] of messages.entries()) {
    const role = ROLES[message.role];
    if (role === undefined) {
      const where = `${field}.${i}.role`;
      const known = Object.keys(ROLES).join(', ');
      throw refusal(where, `${where}: there is no role "${message.role}" here; there are ${known}.`);
    }
    const text = textOf(message.content, `${field}.${i}.content`);
    if (role === 'system') system.push(text);
    else if (role === 'tool') {
      if (i > lastQuestion) add(turns, 'user', text);
    } else if (!(role === 'assistant' && text === '' && callsTools(message))) add(turns, role, text);
  }
  if (turns[0]?.role === 'assistant') turns.shift();
  if (turns.at(-1)?.role !== 'user') {
    throw refusal(field, `${field}: the last message, system messages aside, must be the user's.`);
  }
  return { system: system.length === 0 ? undefined : system.join('\n\n'), turns };
}

function add(turns: Turn[], role: Turn['role'], content: string): void {
  const last = turns.at(-1);
  if (last?.role === role) last.content += `\n\n${content}`;
  else turns.push({ role, content });
}

function callsTools({ tool_calls: calls, function_call: call }: Message): boolean {
  return (calls?.length ?? 0) > 0 || (call ?? undefined) !== undefined;
}

function refusal(field: string, message: string): BlockragError {
  return new BlockragError('invalid_request', message, { data: { field } });
}
