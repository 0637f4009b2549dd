/** Prepares a follow-up question for retrieval: on its own it often names nothing that could be found. */
import type { Turn } from '../../model/prompt.ts';

/** Words that point back to what was said before. */
const POINTING =
  /\b(he|she|it|its|they|them|their|theirs|him|his|her|hers|this|these|those|same|former|latter|else|(what|how) about)\b/i;

/** A question of this many words or fewer is taken for a follow-up whatever its words. */
const SHORT = 4;

/**
 * The question itself, or, when it seems to lean on the conversation, the last question of the user's before it
 * and the question: words of both find by text, and their meaning together by vector.
 */
export function retrievalQuestion(question: string, earlier: readonly Turn[]): string {
  const before = earlier.findLast(({ role }) => role === 'user')?.content;
  if (before === undefined) return question;
  const leans = POINTING.test(question) || question.trim().split(/\s+/).length <= SHORT;
  return leans ? `${before.trim()}\n${question}` : question;
}
