/** Answers as server-sent events. A stream always ends with an event that says how it ended. */
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { type Logger, requestLogger } from '../telemetry.ts';
import type { ApiEnv } from './context.ts';
import { type Problem, toProblem } from './problem.ts';

/** Between events a comment says that the stream is alive: proxies end silent connections. */
const KEEP_ALIVE_MS = 15_000;

/** One event: JSON, or a text that is sent as it is. */
export interface StreamEvent {
  event?: string;
  data: object | string;
}

/**
 * Sends events as they come. The status is sent before the first of them, so an error becomes the last event.
 * @param describe the event that tells of an error
 */
export function sendEvents(
  c: Context<ApiEnv>,
  logger: Logger,
  events: AsyncIterable<StreamEvent>,
  describe: (problem: Problem) => StreamEvent,
): Response {
  let settle: (thrown: unknown) => void = () => {};
  c.set('streamed', new Promise((resolve) => (settle = resolve)));
  return streamSSE(c, async (stream) => {
    const send = ({ event, data }: StreamEvent) =>
      stream.writeSSE({
        ...(event === undefined ? {} : { event }),
        data: typeof data === 'string' ? data : JSON.stringify(data),
      });
    const alive = setInterval(() => void stream.write(': keep-alive\n\n'), KEEP_ALIVE_MS);
    let thrown: unknown;
    try {
      for await (const event of events) await send(event);
    } catch (error) {
      thrown = error;
      const problem = toProblem(error);
      if (problem.status >= 500)
        requestLogger(logger, c.get('requestId')).error({ err: error, code: problem.code }, 'stream failed');
      await send(describe(problem));
    } finally {
      clearInterval(alive);
      settle(thrown);
    }
  });
}
