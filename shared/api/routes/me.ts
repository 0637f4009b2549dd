/** GET /v1/me: who is asking, and what they may do. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { SCOPES } from '../../access/keys.ts';
import { isOperator } from '../middleware/authenticate.ts';
import { type Api, access, json, newRoutes, problems } from '../route.ts';

const callerSchema = z
  .object({
    tenant: z.string().meta({ example: 'acme' }),
    scopes: z.array(z.enum(SCOPES)),
    key: z.string().nullable().meta({ description: 'Id of the key; null where none is asked for.' }),
    operator: z.boolean().meta({ description: 'Whether figures and keys of all tenants may be read.' }),
  })
  .meta({ id: 'Caller' });

const me = createRoute({
  method: 'get',
  path: '/v1/me',
  tags: ['keys'],
  summary: 'Say who is asking, and what they may do',
  ...access('read'),
  responses: { 200: json(callerSchema, 'The tenant and scopes of the key.'), ...problems() },
});

export function callerRoutes(): Api {
  const routes = newRoutes();
  routes.openapi(me, (c) => {
    const { tenant, scopes, key } = c.get('caller');
    return c.json({ tenant, scopes: [...scopes], key, operator: isOperator(c.get('caller')) }, 200);
  });
  return routes;
}
