/** /v1/system, /v1/work and /v1/stats: what the system is, what it has to do, and what it holds. */
import { createRoute } from '@hono/zod-openapi';
import type { System } from '../../pipeline/system.ts';
import { requireOperator } from '../middleware/authenticate.ts';
import { type Api, access, json, newRoutes, problems } from '../route.ts';
import { statsSchema, systemSchema, viewStats, viewSystem, viewWork, workSchema } from '../views/system.ts';

const facts = createRoute({
  method: 'get',
  path: '/v1/system',
  tags: ['system'],
  summary: 'Say what the system is: its version, model and settings',
  description: 'Nothing is read for it: it is cheap at any time.',
  ...access('read'),
  responses: { 200: json(systemSchema, 'Version, model and settings.'), ...problems() },
});

const work = createRoute({
  method: 'get',
  path: '/v1/work',
  tags: ['system'],
  summary: 'Say what is still to be done in the background',
  description: 'The counts are of all tenants, so for operators only. They are cheap.',
  ...access('admin'),
  responses: { 200: json(workSchema, 'The counts.'), ...problems() },
});

const stats = createRoute({
  method: 'get',
  path: '/v1/stats',
  tags: ['system'],
  summary: 'Count what the tenant has stored',
  description:
    'Every document and every blob of the tenant is looked at: ask for it rarely where there are many.',
  ...access('read'),
  responses: { 200: json(statsSchema, 'The counts of the tenant.'), ...problems() },
});

export function systemRoutes(system: System): Api {
  const routes = newRoutes();
  routes.openapi(facts, (c) => c.json(viewSystem(system.facts()), 200));
  routes.openapi(work, async (c) => {
    requireOperator(c.get('caller'), 'The counts of the work');
    return c.json(viewWork(await system.work()), 200);
  });
  routes.openapi(stats, async (c) => {
    return c.json(viewStats(await system.stats(c.get('caller').tenant)), 200);
  });
  return routes;
}
