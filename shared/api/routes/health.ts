/** What tells of the system itself: whether it is there, and what is stored. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Blockrag } from '../../pipeline/blockrag.ts';
import { isOperator } from '../middleware/authenticate.ts';
import { type Api, access, json, newRoutes, openProblems, problems } from '../route.ts';

const health = createRoute({
  method: 'get',
  path: '/healthz',
  tags: ['system'],
  summary: 'Say that the server is there',
  security: [],
  responses: { 200: json(z.object({ status: z.literal('ok') }), 'It is.'), ...openProblems() },
});

const statsSchema = z
  .object({
    model: z.string(),
    model_reference: z.string().meta({ description: 'As --model takes it.' }),
    adapter: z
      .object({ name: z.string(), sha256: z.string() })
      .nullable()
      .meta({ description: "What was merged into the model's weights." }),
    compute: z.string(),
    kv: z.string().meta({ description: 'dtype of stored keys and values.' }),
    passage_tokens: z.int(),
    documents: z.int(),
    ready: z.int(),
    passages: z.int(),
    tokens: z.int(),
    blobs: z.int(),
    blob_bytes: z.int(),
    work: z
      .object({ waiting: z.int(), leased: z.int(), dead: z.int() })
      .optional()
      .meta({ description: 'Of all tenants, so for operators only.' }),
  })
  .meta({ id: 'Stats' });

const stats = createRoute({
  method: 'get',
  path: '/v1/stats',
  tags: ['system'],
  summary: 'Say what is stored, and what is still to be done',
  ...access('read'),
  responses: { 200: json(statsSchema, 'The counts of the tenant.'), ...problems() },
});

export function healthRoutes(blockrag: Blockrag): Api {
  const routes = newRoutes();
  routes.openapi(health, (c) => c.json({ status: 'ok' as const }, 200));
  routes.openapi(stats, async (c) => {
    const caller = c.get('caller');
    const { work, ...own } = await blockrag.stats(caller.tenant);
    return c.json(isOperator(caller) ? { ...own, work } : own, 200);
  });
  return routes;
}
