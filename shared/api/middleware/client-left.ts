/** Notices when nobody waits for an answer any more, in whichever way that comes to be. */
import type { MiddlewareHandler } from 'hono';
import type { ApiEnv } from '../context.ts';

/** Sets `left`, which is aborted when the client's connection ends, and when HEAD has its answer. */
export function noticeLeaving(): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const left = new AbortController();
    c.set('left', left);
    const { signal } = c.req.raw;
    signal.addEventListener('abort', () => left.abort(), { once: true });
    if (signal.aborted) left.abort();
    await next();
    // A handler of GET may have begun a stream, of which nobody will read a byte.
    if (c.req.method === 'HEAD') left.abort();
  };
}
