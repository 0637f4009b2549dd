/** POST /v1/search: passages about a query, without an answer. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { System } from '../../pipeline/system.ts';
import { type Api, access, json, newRoutes, problems } from '../route.ts';
import { searchSchema, toRetrieval } from '../schemas/requests.ts';
import { foundPassageSchema, viewFound } from '../views/search.ts';
import type { RunWork } from '../work.ts';

const search = createRoute({
  method: 'post',
  path: '/v1/search',
  tags: ['questions'],
  summary: 'Find passages in a collection',
  description:
    'Those that the query would be answered from as a question; the language model has no part in it.',
  ...access('read'),
  request: { body: { ...json(searchSchema, 'The query.'), required: true } },
  responses: {
    200: json(z.object({ passages: z.array(foundPassageSchema) }), 'The passages, best first; maybe none.'),
    ...problems(
      'question_empty',
      'question_too_long',
      'collection_not_found',
      'no_documents',
      'index_rebuilding',
      'request_too_large',
      'unsupported_media_type',
      'request_timeout',
    ),
  },
});

export function searchRoutes(system: System, run: RunWork): Api {
  const routes = newRoutes();
  routes.openapi(search, async (c) => {
    const query = toRetrieval(c.get('caller').tenant, c.req.valid('json'));
    const found = await run(c, (signal) => system.search(query, signal));
    return c.json({ passages: found.map(viewFound) }, 200);
  });
  return routes;
}
