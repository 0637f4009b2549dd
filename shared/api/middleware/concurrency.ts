/** Limits how many requests are handled at once, because each holds its body and a stream its connection. */
import type { MiddlewareHandler } from 'hono';
import { BlockragError } from '../../errors.ts';
import type { ApiEnv } from '../context.ts';
import { carriesDocument } from './body-limits.ts';

/** Of all requests, streams to their end. */
const MAX_REQUESTS = 256;
/** Of those whose body is a document, which is in memory as a whole; with a key, and to one-time URLs. */
const MAX_UPLOADS = 8;

/** Refuses what would be too much at once. @throws BlockragError `overloaded` */
export function limitConcurrency(): MiddlewareHandler<ApiEnv> {
  const requests = places(MAX_REQUESTS, 'requests');
  // Two kinds, so that strangers who hold connections open keep out only each other.
  const uploads = { POST: places(MAX_UPLOADS, 'uploads'), PUT: places(MAX_UPLOADS, 'uploads') };
  return async (c, next) => {
    // Whether the server is there is asked most when it is busy.
    if (c.req.path === '/healthz') return next();
    const leave = [requests()];
    try {
      if (carriesDocument(c.req)) leave.push(uploads[c.req.method as 'POST' | 'PUT']());
      await next();
    } finally {
      const end = () => {
        for (const one of leave) one();
      };
      const streamed = c.get('streamed');
      if (streamed === undefined) end();
      else void streamed.then(end);
    }
  };
}

/** A number of places; taking one gives what frees it. */
function places(max: number, what: string): () => () => void {
  let taken = 0;
  return () => {
    if (taken >= max) {
      throw new BlockragError('overloaded', `${max} ${what} are being worked on: try again soon.`);
    }
    taken++;
    return () => {
      taken--;
    };
  };
}
