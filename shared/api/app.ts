/** The REST API as a value: the same app runs under Node (server.ts) and on Lambda (functions/query). */
import type { Context } from 'hono';
import { requestId } from 'hono/request-id';
import type { StatusCode } from 'hono/utils/http-status';
import { KeyUse } from '../access/key-use.ts';
import { BlockragError } from '../errors.ts';
import type { System } from '../pipeline/system.ts';
import { requestLogger } from '../telemetry.ts';
import { consoleRoutes } from './console/index.ts';
import type { ApiEnv } from './context.ts';
import { authenticate } from './middleware/authenticate.ts';
import { readBodies } from './middleware/body-limits.ts';
import { noticeLeaving } from './middleware/client-left.ts';
import { limitConcurrency } from './middleware/concurrency.ts';
import { allowPages } from './middleware/pages.ts';
import { limitRate } from './middleware/rate-limit.ts';
import { logRequests } from './middleware/request-log.ts';
import { serveDescription } from './openapi.ts';
import { headersOf, type Problem, toProblem } from './problem.ts';
import { type Api, newRoutes } from './route.ts';
import { collectionRoutes } from './routes/collections.ts';
import { documentRoutes } from './routes/documents/index.ts';
import { healthRoutes } from './routes/health.ts';
import { keyRoutes } from './routes/keys.ts';
import { mcpRoutes } from './routes/mcp.ts';
import { callerRoutes } from './routes/me.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { insteadOf, isOpenAi, openAiRoutes, openAiStatus, toOpenAiError } from './routes/openai/index.ts';
import { queryRoutes } from './routes/query.ts';
import { searchRoutes } from './routes/search.ts';
import { systemRoutes } from './routes/system.ts';
import { tenantRoutes } from './routes/tenants.ts';
import { uploadRoutes } from './routes/uploads.ts';
import { workRunner } from './work.ts';

export interface AppOptions {
  /** Whether the server listens on this machine alone: then it is open as long as there are no keys. */
  loopbackOnly: boolean;
  /** Aborted when the server must end what it still answers. */
  stopping: AbortSignal;
}

export function createApp(system: System, options: AppOptions): Api {
  const { services, config } = system;
  const { logger } = services;
  const { corsOrigins } = config;
  const app = newRoutes();

  app.onError((error, c) => {
    const problem = toProblem(error);
    if (problem.status >= 500) {
      requestLogger(logger, c.get('requestId')).error({ err: error, code: problem.code }, 'request failed');
    }
    return respond(c, problem);
  });
  app.notFound((c) => {
    const { method, path } = c.req;
    const allowed = methodsAt(app, path);
    if (allowed.length === 0) {
      const message = insteadOf(path) ?? `There is nothing at ${path}.`;
      // Who tries paths below /v1 at random is a client of OpenAI's.
      return respond(c, toProblem(new BlockragError('not_found', message)), path.startsWith('/v1/'));
    }
    c.header('Allow', allowed.join(', '));
    const message = `${path} does not take ${method}, but ${allowed.join(', ')}.`;
    return respond(c, toProblem(new BlockragError('method_not_allowed', message)));
  });

  app.use(requestId());
  app.use(noticeLeaving());
  app.use(logRequests(logger, services.metrics));
  if (corsOrigins.length > 0) app.use(allowPages(corsOrigins));
  const { keys } = services.access;
  const use = new KeyUse(keys, services.blobs, { required: config.requireKeys });
  app.use(authenticate(keys, system.uploads, { ...options, corsOrigins, use }));
  app.use(limitRate(services));
  app.use(limitConcurrency(config));
  app.use(readBodies(config));

  const run = workRunner({ ...options, timeoutMs: config.requestTimeoutMs });
  app.route('/', consoleRoutes());
  app.route('/', healthRoutes());
  app.route('/', systemRoutes(system));
  app.route('/', metricsRoutes(services.metrics));
  app.route('/', documentRoutes(system, options.stopping, logger));
  app.route('/', uploadRoutes(system));
  app.route('/', collectionRoutes(system));
  app.route('/', queryRoutes(system, run, logger));
  app.route('/', searchRoutes(system, run));
  app.route('/', keyRoutes(services.access.keys));
  app.route('/', callerRoutes());
  app.route('/', tenantRoutes(services));
  app.route('/', openAiRoutes(system, run, logger));
  app.route('/', mcpRoutes(system, run));
  serveDescription(app);
  return app;
}

/** The methods that some route takes at a path. */
function methodsAt(app: Api, path: string): string[] {
  return ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) => {
    const [matches] = app.router.match(method, path);
    // Middleware stands for all methods.
    return matches.some(([[, route]]) => route.method === method);
  });
}

/** An error in the shape that the route's clients know, with the headers that middleware has set. */
function respond(c: Context<ApiEnv>, problem: Problem, openAi = isOpenAi(c.req.path)): Response {
  const { body, status, type } = openAi
    ? { body: toOpenAiError(problem), status: openAiStatus(problem), type: 'application/json' }
    : { body: problem, status: problem.status, type: 'application/problem+json' };
  return c.newResponse(JSON.stringify(body), status as StatusCode, {
    'content-type': type,
    ...headersOf(problem),
  });
}
