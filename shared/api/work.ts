/** The model's work for one request: it ends when the client goes away, time runs out or the server stops. */
import type { Context } from 'hono';
import { BlockragError, isBlockragError } from '../errors.ts';
import type { Answer } from '../pipeline/question/answer.ts';
import type { GenerateOptions } from '../pipeline/question/generate.ts';
import type { ApiEnv } from './context.ts';
import { type AnswerEvent, viewAnswer } from './views/answer.ts';

export interface WorkOptions {
  /** Milliseconds that the model may work on one request. */
  timeoutMs: number;
  /** Aborted when the server must end what it still answers. */
  stopping: AbortSignal;
}

/** Runs work under a request's signal. */
export type RunWork = <T>(c: Context<ApiEnv>, work: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/**
 * @returns what runs work; it throws `request_timeout`, `shutting_down`, or `cancelled` when the client has left,
 * and what the work throws
 */
export function workRunner({ timeoutMs, stopping }: WorkOptions): RunWork {
  return async (c, work) => {
    const left = c.get('left').signal;
    const late = AbortSignal.timeout(timeoutMs);
    try {
      return await work(AbortSignal.any([left, late, stopping]));
    } catch (error) {
      if (left.aborted) throw new BlockragError('cancelled', 'The client has left.', { cause: error });
      if (!isBlockragError(error, 'cancelled')) throw error;
      if (late.aborted) {
        const message = `The answer took longer than ${timeoutMs} ms: ask for fewer tokens.`;
        throw new BlockragError('request_timeout', message, { cause: error });
      }
      // Nobody else cancels work.
      throw new BlockragError('shutting_down', 'The server is stopping: try again soon.', { cause: error });
    }
  };
}

/** Text as it comes, then the whole answer. */
export type AnswerStream<T> = AsyncGenerator<string, T, undefined>;

/** An answer that calls back with its text, as a stream. Its error is thrown where the text ends. */
export async function* streamText<T>(
  start: (onText: NonNullable<GenerateOptions['onText']>) => Promise<T>,
): AnswerStream<T> {
  const pieces: string[] = [];
  let wake = () => {};
  let ended = false;
  const add = (text: string) => {
    pieces.push(text);
    wake();
  };
  const end = () => {
    ended = true;
    wake();
  };
  const answer = start(add);
  answer.then(end, end);
  for (;;) {
    for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) yield piece;
    if (ended) return answer;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

/** An answer as the events that a client is sent. */
export async function* answerEvents(
  start: (onText: NonNullable<GenerateOptions['onText']>) => Promise<Answer>,
): AsyncGenerator<AnswerEvent, void, undefined> {
  const stream = streamText(start);
  let next = await stream.next();
  for (; !next.done; next = await stream.next()) yield { type: 'text', text: next.value };
  yield { type: 'done', answer: viewAnswer(next.value) };
}
