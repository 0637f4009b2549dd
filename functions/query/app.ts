/** The REST API as a value: the same app runs under Node (server.ts) and, later, on Lambda. */
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { BlockragError } from '../../shared/errors.ts';
import { type Blockrag, DEFAULT_TENANT } from '../../shared/pipeline/blockrag.ts';
import type { Logger } from '../../shared/telemetry.ts';
import { problemResponse, toProblem } from './problem.ts';
import { documentRoutes } from './routes/documents.ts';
import { queryRoutes } from './routes/query.ts';

export interface AppOptions {
  logger: Logger;
  /** Bytes of one document; a request may be a little larger. */
  maxDocumentBytes: number;
  /** Whether only names of this machine are accepted as Host: keeps foreign web pages out (DNS rebinding). */
  loopbackOnly: boolean;
}

/** Room for a form's boundaries, names and headers beside the document. */
const FORM_OVERHEAD = 64 * 1024;
const QUERY_LIMIT = 1024 * 1024;

export function createApp(blockrag: Blockrag, options: AppOptions): Hono {
  const app = new Hono();
  const { logger, maxDocumentBytes } = options;

  app.onError((error) => {
    const problem = toProblem(error);
    if (problem.status >= 500) logger.error({ err: error, code: problem.code }, 'request failed');
    return problemResponse(problem);
  });
  app.notFound((c) =>
    problemResponse(toProblem(new BlockragError('not_found', `There is nothing at ${c.req.path}.`))),
  );

  if (options.loopbackOnly) {
    app.use(async (c, next) => {
      const host = new URL(c.req.url).hostname;
      const origin = c.req.header('origin');
      if (!isLoopback(host) || (origin !== undefined && !isLoopbackOrigin(origin))) {
        throw new BlockragError('forbidden', 'This server answers only pages and programs of this machine.');
      }
      await next();
    });
  }

  const limitBody = (path: string, maxSize: number) => {
    const refuse = () => {
      throw new BlockragError('document_too_large', `The request is larger than ${maxSize} bytes.`);
    };
    app.use(path, async (c, next) => {
      // Before bodyLimit touches the body: only then the server reads what is still sent of it, and the client
      // may use the connection again.
      if (Number(c.req.header('content-length')) > maxSize) refuse();
      await next();
    });
    app.use(path, bodyLimit({ maxSize, onError: refuse }));
  };
  limitBody('/v1/documents', maxDocumentBytes + FORM_OVERHEAD);
  limitBody('/v1/query', QUERY_LIMIT);

  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/v1/stats', async (c) => c.json(await blockrag.stats(DEFAULT_TENANT)));
  app.route('/v1/documents', documentRoutes(blockrag));
  app.route('/v1/query', queryRoutes(blockrag, logger));
  return app;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function isLoopbackOrigin(origin: string): boolean {
  return URL.canParse(origin) && isLoopback(new URL(origin).hostname);
}
