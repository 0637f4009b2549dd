/** Answers as server-sent events. A stream always ends with an event that says how it ended. */
import type { Context } from 'hono';
import { BlockragError } from '../errors.ts';
import { type Logger, requestLogger } from '../telemetry.ts';
import type { ApiEnv } from './context.ts';
import { type Problem, toProblem } from './problem.ts';

/** Between events a comment says that the stream is alive: proxies end silent connections. */
const KEEP_ALIVE_MS = 15_000;
const KEEP_ALIVE = ': keep-alive\n\n';

/** One event: JSON, or a text that is sent as it is. */
export interface StreamEvent {
  event?: string;
  data: object | string;
  /** Milliseconds after which a client whose stream ends asks again. */
  retry?: number;
}

/**
 * Sends events as they come and are read. The status is sent before the first of them, so an error becomes the last
 * event. A client that leaves, or HEAD, ends the events and frees what they hold (`left`, `streamed`).
 * @param describe the event that tells of an error
 */
export function sendEvents(
  c: Context<ApiEnv>,
  logger: Logger,
  events: AsyncIterable<StreamEvent>,
  describe: (problem: Problem) => StreamEvent,
): Response {
  const left = c.get('left');
  const iterator = events[Symbol.asyncIterator]();
  let settle: (thrown: unknown) => void = () => {};
  c.set('streamed', new Promise((resolve) => (settle = resolve)));

  /** The next event; undefined after the last one. */
  let ended = false;
  const step = async (): Promise<StreamEvent | undefined> => {
    if (ended) return undefined;
    try {
      const next = await iterator.next();
      if (!next.done) return next.value;
      ended = true;
      settle(undefined);
      return undefined;
    } catch (error) {
      ended = true;
      const problem = toProblem(error);
      if (problem.status >= 500)
        requestLogger(logger, c.get('requestId')).error({ err: error, code: problem.code }, 'stream failed');
      settle(error);
      return describe(problem);
    }
  };

  const leave = async () => {
    if (ended) return;
    ended = true;
    // HEAD has all that it asked for.
    const thrown =
      c.req.method === 'HEAD' ? undefined : new BlockragError('cancelled', 'The client has left.');
    // Work under way has the signal; this waits for its end.
    await iterator.return?.().catch(() => {});
    settle(thrown);
  };
  left.signal.addEventListener('abort', leave, { once: true });
  if (left.signal.aborted) void leave();

  const encoder = new TextEncoder();
  let pending: Promise<StreamEvent | undefined> | undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        pending ??= step();
        const event = await orKeepAlive(pending);
        if (event !== KEEP_ALIVE) pending = undefined;
        if (event === undefined) controller.close();
        else controller.enqueue(encoder.encode(event === KEEP_ALIVE ? event : toText(event)));
      },
      cancel: () => left.abort(),
    },
    { highWaterMark: 0 },
  );
  c.header('Content-Type', 'text/event-stream');
  c.header('Cache-Control', 'no-cache');
  return c.newResponse(body);
}

function toText({ event, data, retry }: StreamEvent): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  const lines = text.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  const head = `${event === undefined ? '' : `event: ${event}\n`}${retry === undefined ? '' : `retry: ${retry}\n`}`;
  return `${head}${lines.join('')}\n`;
}

/** What is awaited, or the comment where it does not come soon. */
async function orKeepAlive<T>(awaited: Promise<T>): Promise<T | typeof KEEP_ALIVE> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<typeof KEEP_ALIVE>((resolve) => {
    timer = setTimeout(() => resolve(KEEP_ALIVE), KEEP_ALIVE_MS);
  });
  try {
    return await Promise.race([awaited, silence]);
  } finally {
    clearTimeout(timer);
  }
}
