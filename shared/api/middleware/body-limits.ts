/** Limits the size of request bodies. */
import type { HonoRequest, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { every } from 'hono/combine';
import { BlockragError } from '../../errors.ts';
import type { ApiEnv } from '../context.ts';

/** Room for a form's boundaries, names and headers beside the document. */
const FORM_OVERHEAD = 64 * 1024;
const DEFAULT_LIMIT = 1024 * 1024;

/**
 * Bodies of documents by their own limit, all others up to 1 MiB.
 * @throws BlockragError `document_too_large`, `request_too_large`
 */
export function limitBodies(maxDocumentBytes: number): MiddlewareHandler<ApiEnv> {
  const ofDocuments = limit('document_too_large', maxDocumentBytes + FORM_OVERHEAD);
  const ofOthers = limit('request_too_large', DEFAULT_LIMIT);
  return (c, next) => (carriesDocument(c.req) ? ofDocuments : ofOthers)(c, next);
}

/** Whether the body of a request is a document, or many. */
export function carriesDocument({ method, path }: HonoRequest): boolean {
  if (method === 'PUT') return path.startsWith('/v1/uploads/');
  return method === 'POST' && /^\/v1\/documents(\/bulk)?$/.test(path);
}

function limit(code: 'document_too_large' | 'request_too_large', maxSize: number): MiddlewareHandler<ApiEnv> {
  const refuse = () => {
    const message = `The request is larger than ${maxSize} bytes. Large documents go to the URL that POST /v1/uploads gives.`;
    throw new BlockragError(code, message, { data: { max: maxSize } });
  };
  return every(
    async (c, next) => {
      // Before bodyLimit touches the body: only then the server reads what is still sent of it, and the client
      // may use the connection again.
      if (Number(c.req.header('content-length')) > maxSize) refuse();
      await next();
    },
    bodyLimit({ maxSize, onError: refuse }),
  );
}
