/** POST /v1/documents: a document as JSON or as a form. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { BlockragError } from '../../../errors.ts';
import { metadataSchema } from '../../../pipeline/metadata.ts';
import type { System } from '../../../pipeline/system.ts';
import { isJson, mediaTypeOf } from '../../bodies/media-type.ts';
import { type Api, access, json, newRoutes, problems } from '../../route.ts';
import {
  collectionSchema,
  idempotencyHeaders,
  jsonText,
  nameSchema,
  parseRequest,
} from '../../schemas/requests.ts';
import { addedSchema, viewAdded } from '../../views/document.ts';

const ifExistsSchema = z
  .enum(['replace', 'error'])
  .default('replace')
  .meta({ description: 'What becomes of another document of this name.' });

export const documentJsonSchema = z
  .strictObject({
    name: nameSchema.meta({ example: 'ferry.md' }),
    text: z.string().meta({ example: 'The ferry leaves at noon on Tuesdays.' }),
    collection: collectionSchema,
    metadata: metadataSchema.optional().meta({ example: { year: 2024, draft: false } }),
    if_exists: ifExistsSchema,
  })
  .meta({ id: 'NewDocument' });

const formSchema = z
  .object({
    file: z
      .instanceof(File, { message: 'send the document as the form field "file"' })
      .meta({ type: 'string', format: 'binary' }),
    name: nameSchema.optional(),
    collection: collectionSchema,
    metadata: jsonText(metadataSchema).optional().meta({ type: 'string', description: 'A JSON object.' }),
    if_exists: ifExistsSchema,
  })
  .meta({ id: 'NewDocumentForm' });

const add = createRoute({
  method: 'post',
  path: '/v1/documents',
  tags: ['documents'],
  summary: 'Add a document, or replace the one of that name',
  description:
    'As JSON with its text, or as a form with its file: PDF, an Office format, HTML, Markdown, e-mail or any text.',
  ...access('write'),
  request: {
    headers: idempotencyHeaders,
    body: {
      content: {
        'application/json': { schema: documentJsonSchema },
        'multipart/form-data': { schema: formSchema },
      },
    },
  },
  responses: {
    200: json(addedSchema, 'It is there already, and ready.'),
    202: json(addedSchema, 'It is stored, and will be encoded.'),
    ...problems(
      'document_not_found',
      'document_empty',
      'document_exists',
      'document_too_large',
      'request_too_large',
      'unsupported_media_type',
      'conflict',
      'idempotency_mismatch',
      'quota_exceeded',
      'storage_full',
    ),
  },
});

export function addRoutes(system: System): Api {
  const routes = newRoutes();
  routes.openapi(add, async (c) => {
    const type = c.req.header('content-type');
    // The form validator takes these too, but they hold no file.
    if (type === undefined || mediaTypeOf(type) === 'application/x-www-form-urlencoded') throw withoutType();
    const body = isJson(type) ? c.req.valid('json') : c.req.valid('form');
    const content = 'file' in body ? await fromForm(body) : fromJson(body);
    const document = { tenant: c.get('caller').tenant, ...content };
    const key = c.req.valid('header')['idempotency-key'];
    const row = await (key === undefined ? system.add(document) : system.addOnce(document, key));
    c.header('location', `/v1/documents/${row.id}`);
    return c.json(viewAdded(row), row.status === 'ready' ? 200 : 202);
  });
  return routes;
}

/** A document that was sent as its text. */
export function fromJson({
  name,
  text,
  collection,
  metadata,
  if_exists: ifExists,
}: z.output<typeof documentJsonSchema>) {
  // A name without a known extension is text.
  return {
    name,
    collection,
    metadata,
    ifExists,
    mediaType: 'text/plain',
    bytes: new TextEncoder().encode(text),
  };
}

const fileNameSchema = z.object({ file: nameSchema });

async function fromForm({
  file,
  name,
  collection,
  metadata,
  if_exists: ifExists,
}: z.output<typeof formSchema>) {
  return {
    // A file's name is as foreign as any other: long, or with line breaks.
    name: name ?? parseRequest(fileNameSchema, { file: file.name || 'upload' }).file,
    ifExists,
    collection,
    metadata,
    mediaType: file.type === '' || file.type === 'application/octet-stream' ? undefined : file.type,
    bytes: new Uint8Array(await file.arrayBuffer()),
  };
}

/** A request without a body passes the validators. */
function withoutType(): BlockragError {
  const message = 'Send application/json with name and text, or multipart/form-data with the field file.';
  return new BlockragError('unsupported_media_type', message);
}
