/** POST /v1/documents/bulk: many texts in one request, each with its own result. */
import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { z } from 'zod';
import { BlockragError } from '../../../errors.ts';
import type { System } from '../../../pipeline/system.ts';
import { arrayItems, type Item, type ItemLimits, lineItems } from '../../bodies/json-items.ts';
import { isJson, mediaTypeOf } from '../../bodies/media-type.ts';
import { ofDocuments } from '../../bodies/read.ts';
import type { ApiEnv } from '../../context.ts';
import { DOCUMENT_BOUNDS } from '../../middleware/body-limits.ts';
import { toProblem } from '../../problem.ts';
import { type Api, access, addUnread, json, newRoutes, problems } from '../../route.ts';
import { parseRequest } from '../../schemas/requests.ts';
import { addedSchema, viewAdded } from '../../views/document.ts';
import { documentJsonSchema, fromJson } from './add.ts';

const MAX_DOCUMENTS = 1000;

const ndjson = z.string().meta({ description: 'One JSON object a line.' });
/** Each item is checked by itself: one that is wrong must not keep the others out. */
const itemsSchema = z
  .array(z.unknown())
  .meta({ type: 'array', items: { $ref: '#/components/schemas/NewDocument' }, maxItems: MAX_DOCUMENTS });

const resultSchema = z
  .object({
    index: z.int().meta({ description: 'Of the document in the request, from 0.' }),
    status: z.int().meta({ description: 'As the request for this document alone would have had.' }),
    document: addedSchema.optional(),
    error: z.object({ code: z.string(), detail: z.string() }).optional(),
  })
  .meta({ id: 'BulkResult' });

const bulk = createRoute({
  method: 'post',
  path: '/v1/documents/bulk',
  tags: ['documents'],
  summary: 'Add many documents',
  description: `At most ${MAX_DOCUMENTS}, as a JSON array or as NDJSON, whose lines are taken in while they come. Sent again, those that are there already change nothing.`,
  ...access('write'),
  request: {
    body: {
      content: {
        'application/json': { schema: itemsSchema },
        'application/x-ndjson': { schema: ndjson },
      },
    },
  },
  responses: {
    200: json(z.object({ results: z.array(resultSchema) }), 'What became of each document, in their order.'),
    ...problems('document_too_large', 'request_too_large', 'unsupported_media_type'),
  },
});

export function bulkRoutes(system: System): Api {
  const routes = newRoutes();
  const limits = {
    body: ofDocuments(system.config),
    bounds: DOCUMENT_BOUNDS,
    items: MAX_DOCUMENTS,
  };
  addUnread(routes, bulk, async (c) => {
    const { tenant } = c.get('caller');
    const results: z.infer<typeof resultSchema>[] = [];
    for await (const item of itemsOf(c, limits)) {
      if (c.get('left').signal.aborted) throw new BlockragError('cancelled', 'The client has left.');
      results.push({ index: results.length, ...(await addOne(system, tenant, item)) });
    }
    return c.json({ results }, 200);
  });
  return routes;
}

function itemsOf(c: Context<ApiEnv>, limits: ItemLimits): AsyncGenerator<Item> {
  const type = c.req.header('content-type');
  if (isJson(type)) return arrayItems(c, limits);
  if (mediaTypeOf(type) === 'application/x-ndjson') return lineItems(c, limits);
  throw new BlockragError('unsupported_media_type', 'Send a JSON array, or application/x-ndjson.');
}

async function addOne(system: System, tenant: string, item: Item) {
  try {
    if (item === undefined) throw new BlockragError('invalid_request', 'This is no JSON in UTF-8.');
    const row = await system.add({ tenant, ...fromJson(parseRequest(documentJsonSchema, item.value)) });
    return { status: row.status === 'ready' ? 200 : 202, document: viewAdded(row) };
  } catch (error) {
    const { status, code, detail } = toProblem(error);
    return { status, error: { code, detail } };
  }
}
