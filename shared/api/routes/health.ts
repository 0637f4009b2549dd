/** GET /healthz: whether the server is there. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { type Api, json, newRoutes, openProblems } from '../route.ts';

const health = createRoute({
  method: 'get',
  path: '/healthz',
  tags: ['system'],
  summary: 'Say that the server is there',
  security: [],
  responses: { 200: json(z.object({ status: z.literal('ok') }), 'It is.'), ...openProblems() },
});

export function healthRoutes(): Api {
  const routes = newRoutes();
  routes.openapi(health, (c) => c.json({ status: 'ok' as const }, 200));
  return routes;
}
