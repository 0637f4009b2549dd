/** Reads the bodies of requests before the routes do, each kind within its bounds. */
import type { HonoRequest, MiddlewareHandler } from 'hono';
import { requireScope } from '../../access/keys.ts';
import type { Config } from '../../config.ts';
import { readForm } from '../bodies/form.ts';
import { type JsonBounds, readJsonText } from '../bodies/json.ts';
import { isJson, mediaTypeOf } from '../bodies/media-type.ts';
import { type BodyLimit, ofDocuments } from '../bodies/read.ts';
import type { ApiEnv } from '../context.ts';

const MiB = 1024 * 1024;
const DEFAULT: BodyLimit = { code: 'request_too_large', bytes: MiB };
/** Some thousand texts at once. */
const EMBEDDINGS: BodyLimit = { code: 'request_too_large', bytes: 16 * MiB };
const BOUNDS: JsonBounds = { depth: 64, elements: 20_000 };
/** Token ids of thousands of texts: more than the 300,000 that OpenAI takes. */
const EMBEDDINGS_BOUNDS: JsonBounds = { depth: 8, elements: 400_000 };
/** A document is a few texts beside its metadata. */
export const DOCUMENT_BOUNDS: JsonBounds = { depth: 8, elements: 1_000 };

const DOCUMENT = '/v1/documents';

/**
 * Leaves JSON (as text) and forms for the routes to take: bodies of documents by their own limit, all others up to
 * 1 MiB. What is a document as a whole (PUT), or many of them, the route reads itself.
 * @throws BlockragError `document_too_large`, `request_too_large`, `request_too_slow`, `invalid_request`
 */
export function readBodies(
  config: Pick<Config, 'maxDocumentBytes' | 'maxBodyBytes'>,
): MiddlewareHandler<ApiEnv> {
  const document = ofDocuments(config);
  return async (c, next) => {
    const { method, path } = c.req;
    const type = c.req.header('content-type');
    const own = method === 'GET' || method === 'HEAD' || readsItself(c.req);
    // Not a byte is read of what may not be written.
    if (!own && carriesDocument(c.req)) requireScope({ scopes: [...c.get('caller').scopes] }, 'write');
    const { bodyCache } = c.req;
    if (!own && isJson(type)) {
      const { limit, bounds } = boundsOf(path, document);
      bodyCache.text = Promise.resolve(await readJsonText(c, limit, bounds)) as never;
    } else if (!own && path === DOCUMENT && mediaTypeOf(type) === 'multipart/form-data') {
      bodyCache.formData = (await readForm(c, document)) as never;
    }
    await next();
  };
}

function boundsOf(path: string, document: BodyLimit): { limit: BodyLimit; bounds: JsonBounds } {
  if (path === DOCUMENT) return { limit: document, bounds: DOCUMENT_BOUNDS };
  if (path === '/v1/embeddings') return { limit: EMBEDDINGS, bounds: EMBEDDINGS_BOUNDS };
  return { limit: DEFAULT, bounds: BOUNDS };
}

function readsItself({ method, path }: HonoRequest): boolean {
  return isUpload({ method, path }) || path === '/v1/documents/bulk';
}

/** Whether a request is to a one-time URL, which holds its own secret. */
export function isUpload({ method, path }: Pick<HonoRequest, 'method' | 'path'>): boolean {
  return method === 'PUT' && /^\/v1\/uploads\/[^/]+$/.test(path);
}

/** Whether the body of a request is a document, or many. */
export function carriesDocument({ method, path }: HonoRequest): boolean {
  return isUpload({ method, path }) || (method === 'POST' && /^\/v1\/documents(\/bulk)?$/.test(path));
}
