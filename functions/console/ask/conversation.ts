/** Conversations as they are shown and kept. */
import type { AnswerView, CitationView, UsageView } from '../../../shared/client/index.ts';
import type { Failure } from '../failure.ts';

export type Mode = 'block' | 'full';
export type Filter = Record<string, string | number | boolean>;

/** Where and how a question is asked. */
export interface Asking {
  collection: string;
  attention: Mode;
  filter: Filter | undefined;
}

/** One way of answering, timed. */
export interface Lap {
  answer: string;
  usage: UsageView;
  /** Milliseconds to the first token, by the server. */
  firstToken: number;
}

export interface Turn extends Asking {
  id: string;
  question: string;
  /** Milliseconds since the epoch. */
  asked: number;
  state: 'streaming' | 'done' | 'stopped' | 'failed';
  answer: string;
  /** What the server said at the end; the citations as they were then, so that they outlive their documents. */
  result: Omit<AnswerView, 'answer'> | undefined;
  failure: Failure | undefined;
  /** Milliseconds from the click to the first text on the page. */
  seen: number | undefined;
  /** Documents of the collection that were not ready, by name: the first of them, and how many. */
  notReady: { names: string[]; count: number } | undefined;
  race: Record<Mode, Lap> | undefined;
}

export interface Conversation {
  id: string;
  title: string;
  created: number;
  updated: number;
  turns: Turn[];
}

/** The passages that a turn was given, best first. */
export function citationsOf(turn: Turn): readonly CitationView[] {
  return turn.result?.citations ?? [];
}

/** Characters of earlier turns that are sent along: the model's context is needed for passages. */
const MAX_EARLIER = 4000;

/** The latest turns that were answered, oldest first, as the API takes them. */
export function earlierTurns(turns: readonly Turn[]): { role: 'user' | 'assistant'; content: string }[] {
  const earlier: { role: 'user' | 'assistant'; content: string }[] = [];
  let room = MAX_EARLIER;
  for (const { question, answer, result, state } of turns.toReversed()) {
    const answered = state === 'done' || state === 'stopped';
    if (!answered || answer === '' || result?.finish_reason === 'no_relevant_passages') continue;
    room -= question.length + answer.length;
    if (room < 0) break;
    earlier.unshift({ role: 'user', content: question }, { role: 'assistant', content: answer });
  }
  return earlier;
}

/** "year=2024, draft=false" as a filter; undefined: it is none. */
export function parseFilter(text: string): Filter | undefined {
  const filter: Filter = {};
  for (const pair of text.split(',').filter((one) => one.trim() !== '')) {
    const at = pair.indexOf('=');
    if (at <= 0) return undefined;
    filter[pair.slice(0, at).trim()] = toValue(pair.slice(at + 1).trim());
  }
  return filter;
}

function toValue(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** A conversation as Markdown, with the passages that each answer was given. */
export function toMarkdown({ title, turns }: Conversation): string {
  const parts = [`# ${title}`];
  for (const turn of turns) {
    parts.push(`## ${turn.question}`, turn.answer);
    parts.push(
      ...citationsOf(turn).map(({ document, page, title: heading, text }, i) => {
        const place = page === null ? document : `${document}, page ${page}`;
        return `[${i + 1}] ${place}: ${heading}\n\n${text.replace(/^/gm, '> ')}`;
      }),
    );
  }
  return `${parts.join('\n\n')}\n`;
}
