/** /v1/documents: upload, list, look at, delete. */
import { Hono } from 'hono';
import { BlockragError } from '../../../shared/errors.ts';
import { type Blockrag, DEFAULT_TENANT } from '../../../shared/pipeline/blockrag.ts';
import { documentFormSchema, documentJsonSchema, documentListSchema, parseRequest } from '../schemas.ts';
import { viewDocument } from '../views.ts';

export function documentRoutes(blockrag: Blockrag): Hono {
  const routes = new Hono();

  routes.post('/', async (c) => {
    const row = await blockrag.add({ tenant: DEFAULT_TENANT, ...(await readUpload(c.req.raw)) });
    c.header('location', `/v1/documents/${row.id}`);
    return c.json(viewDocument(row), row.status === 'ready' ? 200 : 202);
  });

  routes.get('/', async (c) => {
    const page = await blockrag.documents(DEFAULT_TENANT, parseRequest(documentListSchema, c.req.query()));
    return c.json({ documents: page.documents.map(viewDocument), next: page.next ?? null });
  });

  routes.get('/:id', async (c) => {
    const row = await blockrag.document(DEFAULT_TENANT, c.req.param('id'));
    if (row === undefined) throw notFound(c.req.param('id'));
    return c.json(viewDocument(row));
  });

  routes.delete('/:id', async (c) => {
    await blockrag.remove(DEFAULT_TENANT, c.req.param('id'));
    return c.body(null, 204);
  });

  return routes;
}

/** The document of a request: JSON { name, text, collection } or a form with `file`. */
async function readUpload(request: Request) {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/json') {
    const { name, text, collection } = parseRequest(documentJsonSchema, await readJson(request));
    // A name without a known extension is text.
    return { name, collection, mediaType: 'text/plain', bytes: new TextEncoder().encode(text) };
  }
  if (type === 'multipart/form-data') {
    const form = await request.formData().catch((cause: unknown) => {
      throw new BlockragError('invalid_request', 'The form cannot be read.', { cause });
    });
    const { file, name, collection } = parseRequest(documentFormSchema, Object.fromEntries(form));
    return {
      name: name ?? (file.name || 'upload'),
      collection,
      mediaType: file.type === '' || file.type === 'application/octet-stream' ? undefined : file.type,
      bytes: new Uint8Array(await file.arrayBuffer()),
    };
  }
  throw new BlockragError(
    'unsupported_media_type',
    'Send application/json with name and text, or multipart/form-data with the field file.',
  );
}

export async function readJson(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch (cause) {
    throw new BlockragError('invalid_request', 'The request is not valid JSON.', { cause });
  }
}

function notFound(id: string): BlockragError {
  return new BlockragError('document_not_found', `There is no document ${id}.`);
}
