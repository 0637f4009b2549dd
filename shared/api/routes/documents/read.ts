/** GET and DELETE of /v1/documents: list, look at, download, delete. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { BlockragError } from '../../../errors.ts';
import { filterSchema } from '../../../pipeline/metadata.ts';
import type { System } from '../../../pipeline/system.ts';
import { contentHeaders } from '../../content-headers.ts';
import { type Api, access, json, newRoutes, problems } from '../../route.ts';
import { cursorSchema, jsonText, nameSchema, toCursor } from '../../schemas/requests.ts';
import { documentIdSchema, documentSchema, viewDocument } from '../../views/document.ts';
import { passageSchema, viewPassage } from '../../views/passage.ts';

const STATUSES = ['queued', 'encoding', 'ready', 'failed'] as const;

const limitSchema = z.coerce
  .number()
  .int()
  .min(1)
  .max(1000)
  .default(100)
  .meta({ type: 'integer', minimum: 1, maximum: 1000 });
const nextSchema = z
  .string()
  .nullable()
  .meta({ description: 'Where the next page begins; null: there is none.' });

const bytesSchema = z.string().meta({ format: 'binary' });

const list = createRoute({
  method: 'get',
  path: '/v1/documents',
  tags: ['documents'],
  summary: 'List documents',
  ...access('read'),
  request: {
    query: z.object({
      collection: nameSchema.optional(),
      status: z
        .string()
        .transform((text) => text.split(','))
        .pipe(z.array(z.enum(STATUSES)))
        .optional()
        .meta({ type: 'string', example: 'queued,encoding', description: 'Any of these.' }),
      filter: jsonText(filterSchema)
        .optional()
        .meta({ type: 'string', example: '{"year":[2023,2024]}', description: 'Of the metadata, as JSON.' }),
      limit: limitSchema,
      after: cursorSchema.optional(),
    }),
  },
  responses: {
    200: json(
      z.object({ documents: z.array(documentSchema), next: nextSchema }),
      'A page. It may have fewer documents than the limit, or none, although there is a next.',
    ),
    ...problems(),
  },
});

const show = createRoute({
  method: 'get',
  path: '/v1/documents/{id}',
  tags: ['documents'],
  summary: 'Look at a document',
  ...access('read'),
  request: { params: documentIdSchema },
  responses: { 200: json(documentSchema, 'The document.'), ...problems('document_not_found') },
});

const listPassages = createRoute({
  method: 'get',
  path: '/v1/documents/{id}/passages',
  tags: ['documents'],
  summary: "List a document's passages",
  description: 'In reading order: of the version that answers, or else of the one that is being encoded.',
  ...access('read'),
  request: {
    params: documentIdSchema,
    query: z.object({ limit: limitSchema, after: cursorSchema.optional() }),
  },
  responses: {
    200: json(z.object({ passages: z.array(passageSchema), next: nextSchema }), 'A page.'),
    ...problems('document_not_found'),
  },
});

const download = createRoute({
  method: 'get',
  path: '/v1/documents/{id}/content',
  tags: ['documents'],
  summary: "Download a document's original",
  description:
    'As it was uploaded: of the version that answers, or else of the one that is being encoded. A PDF may be shown in a browser, all else is to be saved.',
  ...access('read'),
  request: { params: documentIdSchema },
  responses: {
    200: {
      description: 'The bytes.',
      content: {
        'application/pdf': { schema: bytesSchema },
        'application/octet-stream': { schema: bytesSchema },
      },
    },
    ...problems('document_not_found', 'not_found'),
  },
});

const remove = createRoute({
  method: 'delete',
  path: '/v1/documents/{id}',
  tags: ['documents'],
  summary: 'Delete a document',
  description: 'It answers no question from now on; its text leaves the disk in the background.',
  ...access('write'),
  request: { params: documentIdSchema },
  responses: { 204: { description: 'It is deleted.' }, ...problems('document_not_found') },
});

export function readRoutes(system: System): Api {
  const routes = newRoutes();

  routes.openapi(list, async (c) => {
    const { documents, next } = await system.documents(c.get('caller').tenant, c.req.valid('query'));
    return c.json({ documents: documents.map(viewDocument), next: toCursor(next) }, 200);
  });

  routes.openapi(show, async (c) => {
    const { id } = c.req.valid('param');
    const row = await system.document(c.get('caller').tenant, id);
    if (row === undefined) throw new BlockragError('document_not_found', `There is no document ${id}.`);
    return c.json(viewDocument(row), 200);
  });

  routes.openapi(listPassages, async (c) => {
    const { tenant } = c.get('caller');
    const { passages, next } = await system.passages(tenant, c.req.valid('param').id, c.req.valid('query'));
    return c.json({ passages: passages.map(viewPassage), next: toCursor(next) }, 200);
  });

  routes.openapi(download, async (c) => {
    const { name, bytes } = await system.content(c.get('caller').tenant, c.req.valid('param').id);
    return c.body(bytes, 200, contentHeaders(name, bytes)) as never;
  });

  routes.openapi(remove, async (c) => {
    await system.remove(c.get('caller').tenant, c.req.valid('param').id);
    return c.body(null, 204);
  });

  return routes;
}
