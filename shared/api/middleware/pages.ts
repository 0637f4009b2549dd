/** Lets web pages of some origins call the API from a browser (CORS). */
import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { ApiEnv } from '../context.ts';

/** Headers of answers that pages may read. */
const EXPOSED = [
  ...['Location', 'Retry-After', 'RateLimit', 'RateLimit-Policy', 'X-Request-Id'],
  'Mcp-Session-Id',
];

/** @param origins of the pages, as browsers send them */
export function allowPages(origins: readonly string[]): MiddlewareHandler<ApiEnv> {
  const allow = cors({ origin: [...origins], exposeHeaders: EXPOSED, maxAge: 600 });
  return (c, next) => {
    const { method } = c.req;
    const local = c.req.header('access-control-request-private-network') === 'true';
    // Browsers ask this before a page from the network may reach a server on its reader's own machine.
    if (method === 'OPTIONS' && local && origins.includes(c.req.header('origin') ?? '')) {
      c.res.headers.set('access-control-allow-private-network', 'true');
    }
    return allow(c, next);
  };
}
