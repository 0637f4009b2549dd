import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TenantView } from '../../../../shared/api/views/tenant.ts';
import { type ApiServer, startApi } from '../../../support/api-server.ts';

let server: ApiServer;
let operator: string;
beforeEach(async () => {
  server = await startApi({ tenantDocuments: 100, requestsPerMinute: 1_000 });
  const row = { tenant: 'default', name: 'operator', scopes: ['admin' as const] };
  operator = (await server.services.access.keys.add(row)).key;
});
afterEach(() => server.dispose());

const ask = (path: string, body?: unknown, key = operator) =>
  server.fetch(path, {
    key,
    ...(body !== undefined && {
      method: 'PUT',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });

describe('the limits of a tenant', () => {
  it('are those of the settings until others are set', async () => {
    await server.queued('acme');
    expect(await (await ask('/v1/tenants/acme')).json()).toEqual({
      tenant: 'acme',
      limits: {
        ...{ documents: 100, passages: null, bytes: null },
        ...{ tokens_per_day: null, requests_per_minute: 1_000 },
      },
      own: {},
      used: { documents: 1, passages: 0, bytes: expect.any(Number), tokens_per_day: 0 },
    });
  });

  it('are set for it alone, in place of those before, and hold', async () => {
    const set = await ask('/v1/tenants/acme/limits', { documents: 1, requests_per_minute: null });
    expect(set.status).toBe(200);
    const view = (await set.json()) as TenantView;
    expect(view.own).toEqual({ documents: 1, requests_per_minute: null });
    expect(view.limits).toMatchObject({ documents: 1, requests_per_minute: null });
    await server.queued('acme');
    await expect(server.queued('acme')).rejects.toMatchObject({ code: 'quota_exceeded' });
    await server.queued('other');
    const again = (await (await ask('/v1/tenants/acme/limits', { bytes: 5 })).json()) as TenantView;
    expect(again.own).toEqual({ bytes: 5 });
    expect(again.limits.documents).toBe(100);
  });

  it('bound the requests of one tenant in a minute, and say so', async () => {
    await ask('/v1/tenants/acme/limits', { requests_per_minute: 3 });
    const key = await server.key('acme');
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await server.fetch('/v1/documents', { key })).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const other = await server.fetch('/v1/documents', { key: await server.key('other') });
    expect(other.headers.get('ratelimit-policy')).toBe('"requests";q=1000;w=60');
  });

  it.each([{ documents: -1 }, { requests_per_minute: 0 }, { documents: 1.5 }, { seats: 3 }])(
    'cannot be %j',
    async (body) => {
      const refused = await ask('/v1/tenants/acme/limits', body);
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({ code: 'invalid_request' });
    },
  );

  it('are for operators', async () => {
    const own = await server.services.access.keys.add({ tenant: 'acme', name: 'admin', scopes: ['admin'] });
    expect((await ask('/v1/tenants/acme', undefined, own.key)).status).toBe(403);
    expect((await ask('/v1/tenants/acme/limits', { documents: null }, own.key)).status).toBe(403);
    expect((await ask('/v1/tenants/No Tenant')).status).toBe(400);
  });
});
