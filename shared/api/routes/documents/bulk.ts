/** POST /v1/documents/bulk: many texts in one request, each with its own result. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { BlockragError } from '../../../errors.ts';
import type { System } from '../../../pipeline/system.ts';
import { toProblem } from '../../problem.ts';
import { type Api, access, json, newRoutes, problems } from '../../route.ts';
import { parseRequest } from '../../schemas/requests.ts';
import { documentSchema, viewDocument } from '../../views/document.ts';
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
    document: documentSchema.optional(),
    error: z.object({ code: z.string(), detail: z.string() }).optional(),
  })
  .meta({ id: 'BulkResult' });

const bulk = createRoute({
  method: 'post',
  path: '/v1/documents/bulk',
  tags: ['documents'],
  summary: 'Add many documents',
  description: `At most ${MAX_DOCUMENTS}, as a JSON array or as NDJSON. Sent again, those that are there already change nothing.`,
  ...access('write'),
  request: {
    // Were it `required`, NDJSON would be validated as JSON as well.
    body: {
      content: {
        'application/json': { schema: itemsSchema },
        'application/x-ndjson': { schema: ndjson },
      },
    },
  },
  responses: {
    200: json(z.object({ results: z.array(resultSchema) }), 'What became of each document, in their order.'),
    ...problems('document_too_large', 'unsupported_media_type'),
  },
});

export function bulkRoutes(system: System): Api {
  const routes = newRoutes();
  routes.openapi(bulk, async (c) => {
    const { tenant } = c.get('caller');
    const type = c.req.header('content-type');
    if (type === undefined) {
      throw new BlockragError('unsupported_media_type', 'Send a JSON array, or application/x-ndjson.');
    }
    const items = /ndjson/i.test(type) ? readLines(await c.req.text()) : (c.req.valid('json') as unknown[]);
    if (items.length > MAX_DOCUMENTS) {
      const message = `${items.length} documents are more than the ${MAX_DOCUMENTS} that one request may have.`;
      throw new BlockragError('invalid_request', message);
    }
    const results: z.infer<typeof resultSchema>[] = [];
    for (const [index, item] of items.entries()) {
      if (c.get('left').signal.aborted) throw new BlockragError('cancelled', 'The client has left.');
      results.push({ index, ...(await addOne(system, tenant, item)) });
    }
    return c.json({ results }, 200);
  });
  return routes;
}

async function addOne(system: System, tenant: string, item: unknown) {
  try {
    const row = await system.add({ tenant, ...fromJson(parseRequest(documentJsonSchema, item)) });
    return { status: row.status === 'ready' ? 200 : 202, document: viewDocument(row) };
  } catch (error) {
    const { status, code, detail } = toProblem(error);
    return { status, error: { code, detail } };
  }
}

/** Lines as values; one that is no JSON as a text, which is refused in its place. */
function readLines(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      try {
        return JSON.parse(line) as unknown;
      } catch {
        return line;
      }
    });
}
