/** /v1/tenants: what each tenant may use, and uses; for operators. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { tenantUse } from '../../access/index.ts';
import { checkTenant } from '../../access/tenant.ts';
import type { Services } from '../../pipeline/services.ts';
import { requireOperator } from '../middleware/authenticate.ts';
import { type Api, access, json, newRoutes, problems } from '../route.ts';
import { ownLimitsSchema, tenantSchema, toOwnLimits, viewTenant } from '../views/tenant.ts';

const request = { params: z.object({ tenant: z.string().meta({ example: 'acme' }) }) };
const path = '/v1/tenants/{tenant}';
const responses = { 200: json(tenantSchema, 'Its limits, and what is used of them.'), ...problems() };

const show = createRoute({
  method: 'get',
  path,
  tags: ['tenants'],
  summary: 'Show the limits of a tenant, and what it uses',
  ...access('admin'),
  request,
  responses,
});

const set = createRoute({
  method: 'put',
  path: `${path}/limits`,
  tags: ['tenants'],
  summary: 'Set the limits of a tenant, in place of those before',
  description:
    'A number, or null for no limit; what is left out is as the settings say. What is used already stays. Every instance keeps to it within five seconds.',
  ...access('admin'),
  request: { ...request, body: { ...json(ownLimitsSchema, 'Its own limits.'), required: true } },
  responses: { ...responses, ...problems('request_too_large', 'unsupported_media_type') },
});

export function tenantRoutes({ access: allowed }: Pick<Services, 'access'>): Api {
  const routes = newRoutes();
  const view = async (tenant: string) => viewTenant(tenant, await tenantUse(allowed, tenant));

  routes.openapi(show, async (c) => {
    requireOperator(c.get('caller'), 'Limits');
    const { tenant } = c.req.valid('param');
    checkTenant(tenant);
    return c.json(await view(tenant), 200);
  });

  routes.openapi(set, async (c) => {
    requireOperator(c.get('caller'), 'Limits');
    const { tenant } = c.req.valid('param');
    await allowed.limits.set(tenant, toOwnLimits(c.req.valid('json')));
    return c.json(await view(tenant), 200);
  });

  return routes;
}
