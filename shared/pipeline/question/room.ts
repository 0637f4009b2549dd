/**
 * What there is room for in the model's context: the oldest turns of a conversation are left out first, and an answer
 * that may be longer than what is left ends there.
 */
import { BlockragError } from '../../errors.ts';
import type { Turn } from '../../model/prompt.ts';

/** What a turn costs besides its characters: the template's text around it. */
const TURN_CHARACTERS = 16;
/** Of a token. Text has some four; more than this only what no model reads as text. */
const TOKEN_CHARACTERS = 8;

/** The share of a context that an answer may keep free before passages and turns are left out: a quarter. */
export function reserveFor(maxTokens: number, contextTokens: number): number {
  return Math.min(maxTokens, Math.floor(contextTokens / 4));
}

/**
 * The newest turns that hold at most this many characters together, as `earlier` of a prompt: they begin with a
 * user's.
 */
export function newestTurns(earlier: readonly Turn[], maxCharacters: number): readonly Turn[] {
  let left = maxCharacters;
  let start = earlier.length;
  for (; start > 0; start--) {
    left -= earlier[start - 1]!.content.length + TURN_CHARACTERS;
    if (left < 0) break;
  }
  if (earlier[start]?.role === 'assistant') start++;
  return earlier.slice(start);
}

/**
 * A final block with as many of the newest turns as its room allows; with none of them it may be larger.
 * @param layOut the token ids of a final block with these turns before its question
 * @param earlier begins with a user's turn, roles alternate
 * @param room tokens
 */
export function fitTurns(
  layOut: (earlier: readonly Turn[]) => Uint32Array,
  earlier: readonly Turn[],
  room: number,
): Uint32Array {
  const whole = layOut(earlier);
  if (whole.length <= room) return whole;
  // By halves: a conversation of many short turns must not be laid out as often as it has turns.
  let kept = 0;
  let tooMany = Math.ceil(earlier.length / 2);
  while (tooMany - kept > 1) {
    const middle = Math.floor((kept + tooMany) / 2);
    if (layOut(lastExchanges(earlier, middle)).length <= room) kept = middle;
    else tooMany = middle;
  }
  return layOut(lastExchanges(earlier, kept));
}

/** The last questions with what followed each. */
function lastExchanges(earlier: readonly Turn[], count: number): readonly Turn[] {
  const questions = Math.ceil(earlier.length / 2);
  return earlier.slice(2 * (questions - count));
}

/** @throws BlockragError `question_too_long`; of what precedes the question the oldest is left out instead */
export function checkLength(question: string, max: number): void {
  const { length } = question;
  if (length <= max) return;
  const message = `The question has ${length} characters; at most ${max} are taken.`;
  throw new BlockragError('question_too_long', message, { data: { length, max } });
}

/** Before a system text is read: one that could not fit must cost nothing. @throws BlockragError `prompt_too_long` */
export function checkSystem(system: string | undefined, contextTokens: number): void {
  if ((system?.length ?? 0) > contextTokens * TOKEN_CHARACTERS) refusePrompt(contextTokens);
}

/** @throws BlockragError `prompt_too_long` */
export function refusePrompt(contextTokens: number): never {
  const message = `The system text and the question leave no room in the model's context of ${contextTokens} tokens: shorten them.`;
  throw new BlockragError('prompt_too_long', message, { data: { contextTokens } });
}
