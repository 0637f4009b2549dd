/** /v1/uploads: a one-time URL for a document's bytes, and the bytes that come to it. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { withIdempotency } from '../../pipeline/intake/idempotency.ts';
import type { UploadTicket } from '../../pipeline/intake/uploads.ts';
import { metadataSchema } from '../../pipeline/metadata.ts';
import type { System } from '../../pipeline/system.ts';
import { ofDocument, readBody } from '../bodies/read.ts';
import { type Api, access, json, newRoutes, openProblems, problems } from '../route.ts';
import { collectionSchema, idempotencyHeaders, nameSchema } from '../schemas/requests.ts';
import { addedSchema, viewAdded } from '../views/document.ts';

const newUploadSchema = z
  .strictObject({
    name: nameSchema.meta({ example: 'handbook.pdf' }),
    collection: collectionSchema,
    media_type: z.string().min(1).max(255).optional().meta({ example: 'application/pdf' }),
    metadata: metadataSchema.optional(),
    bytes: z
      .int()
      .min(1)
      .optional()
      .meta({ description: 'The size, if it is to be checked; on AWS it must be told.' }),
    sha256: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/)
      .optional()
      .meta({ description: 'In hex, if it is to be checked.' }),
    expires_in: z.int().min(1).max(86_400).default(900).meta({ description: 'Seconds.' }),
  })
  .meta({ id: 'NewUpload' });

const uploadSchema = z
  .object({
    id: z.string(),
    method: z.literal('PUT'),
    url: z.string().meta({ description: 'Where the bytes go, once, without an API key.' }),
    headers: z.record(z.string(), z.string()).meta({ description: 'To be sent with the bytes.' }),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: 'Upload' });

const create = createRoute({
  method: 'post',
  path: '/v1/uploads',
  tags: ['documents'],
  summary: 'Get a one-time URL for the bytes of a document',
  ...access('write'),
  request: {
    headers: idempotencyHeaders,
    body: { ...json(newUploadSchema, 'What will come.'), required: true },
  },
  responses: {
    201: json(uploadSchema, 'Where to send it.'),
    ...problems(
      'document_too_large',
      'request_too_large',
      'unsupported_media_type',
      'conflict',
      'idempotency_mismatch',
    ),
  },
});

const receive = createRoute({
  method: 'put',
  path: '/v1/uploads/{id}',
  tags: ['documents'],
  summary: 'Send the bytes of a document to its one-time URL',
  security: [],
  request: {
    params: z.object({ id: z.string() }),
    query: z.object({ token: z.string().max(256).default('') }),
    body: { content: { '*/*': { schema: z.string().meta({ format: 'binary' }) } } },
  },
  responses: {
    200: json(addedSchema, 'It is there already, and ready.'),
    202: json(addedSchema, 'It is stored, and will be encoded.'),
    ...openProblems(
      'invalid_request',
      'request_too_slow',
      'forbidden',
      'quota_exceeded',
      'not_found',
      'conflict',
      'document_empty',
      'document_too_large',
      'overloaded',
      'storage_full',
    ),
  },
});

export function uploadRoutes(system: System): Api {
  const routes = newRoutes();

  routes.openapi(create, async (c) => {
    const { tenant } = c.get('caller');
    const { media_type: mediaType, expires_in: expiresIn, ...body } = c.req.valid('json');
    const ask = async () => ({
      ...(await system.uploads.create({ tenant, mediaType, expiresIn, ...body })),
    });
    const key = c.req.valid('header')['idempotency-key'];
    const fingerprint = JSON.stringify(['upload', mediaType, expiresIn, body]);
    const ticket: UploadTicket =
      key === undefined
        ? await ask()
        : await withIdempotency(system.services.catalog.table, { tenant, key, fingerprint }, ask);
    const { id, method, token = '', headers = {}, expires } = ticket;
    const own = new URL(`/v1/uploads/${id}?${new URLSearchParams({ token })}`, c.req.url).href;
    const url = ticket.url ?? own;
    return c.json({ id, method, url, headers, expires_at: new Date(expires).toISOString() }, 201);
  });

  routes.openapi(receive, async (c) => {
    const { id } = c.req.valid('param');
    const { token } = c.req.valid('query');
    const announced = await system.uploads.announced(id, token);
    const bytes = await readBody(c, ofDocument(announced.bytes ?? system.config.maxDocumentBytes));
    const row = await system.uploads.receive(id, token, bytes);
    c.header('location', `/v1/documents/${row.id}`);
    return c.json(viewAdded(row), row.status === 'ready' ? 200 : 202);
  });

  return routes;
}
