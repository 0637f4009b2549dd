/** /v1/keys: make, list and revoke API keys. Admins see those of their own tenant, operators all. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { type KeyRing, type KeyRow, SCOPES } from '../../access/keys.ts';
import { BlockragError } from '../../errors.ts';
import type { Caller } from '../context.ts';
import { isOperator } from '../middleware/authenticate.ts';
import { type Api, access, json, newRoutes, problems } from '../route.ts';
import { keySchema, viewKey } from '../views/key.ts';

const newKeySchema = z
  .strictObject({
    name: z.string().min(1).max(100).meta({ example: 'laptop' }),
    scopes: z.array(z.enum(SCOPES)).min(1).meta({ description: 'admin includes the others.' }),
    tenant: z
      .string()
      .optional()
      .meta({ description: "Operators only; else it is the caller's.", example: 'acme' }),
  })
  .meta({ id: 'NewKey' });

const list = createRoute({
  method: 'get',
  path: '/v1/keys',
  tags: ['keys'],
  summary: 'List API keys',
  ...access('admin'),
  responses: {
    200: json(z.object({ keys: z.array(keySchema) }), 'The keys, revoked ones too; oldest first.'),
    ...problems(),
  },
});

const add = createRoute({
  method: 'post',
  path: '/v1/keys',
  tags: ['keys'],
  summary: 'Make an API key',
  ...access('admin'),
  request: { body: { ...json(newKeySchema, 'What the key is for.'), required: true } },
  responses: {
    201: json(
      keySchema.extend({ key: z.string().meta({ description: 'It is shown this once.' }) }),
      'The key. Only its hash is stored.',
    ),
    ...problems('request_too_large', 'unsupported_media_type'),
  },
});

const revoke = createRoute({
  method: 'delete',
  path: '/v1/keys/{id}',
  tags: ['keys'],
  summary: 'Revoke an API key',
  description: 'This instance refuses it at once, others within 5 seconds.',
  ...access('admin'),
  request: { params: z.object({ id: z.string().meta({ example: 'key_3f9a1c0b5d2e' }) }) },
  responses: { 204: { description: 'It is revoked.' }, ...problems('not_found') },
});

export function keyRoutes(keys: KeyRing): Api {
  const routes = newRoutes();

  routes.openapi(list, async (c) => {
    const rows = await visible(keys, c.get('caller'));
    return c.json({ keys: rows.map(viewKey) }, 200);
  });

  routes.openapi(add, async (c) => {
    const caller = c.get('caller');
    const { name, scopes, tenant = caller.tenant } = c.req.valid('json');
    if (tenant !== caller.tenant && !isOperator(caller)) {
      throw new BlockragError('forbidden', `Keys of another tenant are made by operators only.`);
    }
    const { key, row } = await keys.add({ tenant, name, scopes });
    return c.json({ ...viewKey(row), key }, 201);
  });

  routes.openapi(revoke, async (c) => {
    const { id } = c.req.valid('param');
    const known = (await visible(keys, c.get('caller'))).some((row) => row.id === id);
    if (!known) throw new BlockragError('not_found', `There is no key ${id}.`);
    await keys.revoke(id);
    return c.body(null, 204);
  });

  return routes;
}

function visible(keys: KeyRing, caller: Caller): Promise<KeyRow[]> {
  return keys.list(isOperator(caller) ? undefined : caller.tenant);
}
