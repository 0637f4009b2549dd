/** GET /metrics: figures of this process for Prometheus. They are of all tenants, so for operators only. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Metrics } from '../../metrics.ts';
import { requireOperator } from '../middleware/authenticate.ts';
import { type Api, access, newRoutes, problems } from '../route.ts';

const read = createRoute({
  method: 'get',
  path: '/metrics',
  tags: ['system'],
  summary: 'Read the metrics, in the text format of Prometheus',
  ...access('admin'),
  responses: {
    200: { description: 'The metrics.', content: { 'text/plain': { schema: z.string() } } },
    ...problems(),
  },
});

export function metricsRoutes(metrics: Metrics): Api {
  const routes = newRoutes();
  routes.openapi(read, async (c) => {
    requireOperator(c.get('caller'), 'The metrics');
    return c.text(await metrics.expose(), 200, { 'content-type': metrics.contentType }) as never;
  });
  return routes;
}
