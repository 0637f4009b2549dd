/** Logs one line for each request (caller, route, status, duration; no text, no query string), and counts it. */
import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Metrics } from '../../metrics.ts';
import { type Logger, requestLogger } from '../../telemetry.ts';
import type { ApiEnv } from '../context.ts';
import { toApiError } from '../problem.ts';

/** Logs and counts each request when its answer, streamed or not, has ended. */
export function logRequests(logger: Logger, metrics: Metrics): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const started = performance.now();
    await next();
    const { method } = c.req;
    const { status } = c.res;
    const route = routePath(c, -1);
    const tenant = c.get('caller')?.tenant;
    const end = (thrown: unknown) => {
      const error = thrown === undefined ? undefined : toApiError(thrown);
      const ms = Math.round(performance.now() - started);
      metrics.requested({ method, route, status, seconds: ms / 1000 });
      if (error !== undefined) metrics.failed(error);
      const line = { method, route, status, tenant, code: error?.code, ms };
      requestLogger(logger, c.get('requestId')).info(line, 'request');
    };
    const streamed = c.get('streamed');
    if (streamed !== undefined) void streamed.then(end);
    else end(c.error);
  };
}
