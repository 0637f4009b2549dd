/** /v1/collections: what there is, and deleting it as a whole. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { System } from '../../pipeline/system.ts';
import { type Api, access, json, newRoutes, problems } from '../route.ts';
import { nameSchema } from '../schemas/requests.ts';
import { outdatedSchema } from '../views/system.ts';

const collectionViewSchema = z
  .object({
    name: z.string().meta({ example: 'station' }),
    documents: z.int(),
    passages: z.int().meta({ description: 'Of what answers questions.' }),
    tokens: z.int(),
    outdated: outdatedSchema,
  })
  .meta({ id: 'Collection' });

const list = createRoute({
  method: 'get',
  path: '/v1/collections',
  tags: ['documents'],
  summary: 'List collections',
  ...access('read'),
  responses: {
    200: json(z.object({ collections: z.array(collectionViewSchema) }), 'The collections, by name.'),
    ...problems(),
  },
});

const remove = createRoute({
  method: 'delete',
  path: '/v1/collections/{name}',
  tags: ['documents'],
  summary: 'Delete a collection with all its documents',
  ...access('write'),
  request: { params: z.object({ name: nameSchema.meta({ example: 'station' }) }) },
  responses: { 204: { description: 'It is deleted.' }, ...problems('collection_not_found') },
});

export function collectionRoutes(system: System): Api {
  const routes = newRoutes();
  routes.openapi(list, async (c) => {
    return c.json({ collections: await system.collections(c.get('caller').tenant) }, 200);
  });
  routes.openapi(remove, async (c) => {
    await system.removeCollection(c.get('caller').tenant, c.req.valid('param').name);
    return c.body(null, 204);
  });
  return routes;
}
