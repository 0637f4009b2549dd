import { afterEach, expect, it } from 'vitest';
import { openAccess } from '../../../../shared/access/index.ts';
import { type ApiServer, startApi } from '../../../support/api-server.ts';
import { openCatalogTable } from '../../../support/catalog-table.ts';

let server: ApiServer | undefined;
afterEach(() => server?.dispose());

const NO_LIMITS = { documents: undefined, passages: undefined, bytes: undefined, tokensPerDay: undefined };

it('a server on loopback is open until there is a key', async () => {
  server = await startApi();
  expect((await server.fetch('/v1/documents')).status).toBe(200);
  const key = await server.key('t');
  expect((await server.fetch('/v1/documents')).status).toBe(401);
  expect((await server.fetch('/v1/documents', { key })).status).toBe(200);
});

it('a server whose keys were lost with its catalog stays closed', async () => {
  server = await startApi();
  await server.key('t');
  expect((await server.fetch('/v1/documents')).status).toBe(401);
  const { blobs } = server.services;
  const lost = await openCatalogTable();
  const without = await startApi({}, () => ({ blobs, access: openAccess(lost.table, NO_LIMITS) }));
  expect(await without.services.access.keys.list()).toEqual([]);
  expect((await without.fetch('/v1/documents')).status).toBe(401);
  expect((await without.fetch('/healthz')).status).toBe(200);
  // A new key opens it again.
  const key = await without.key('t');
  expect((await without.fetch('/v1/documents', { key })).status).toBe(200);
  await without.dispose();
  await lost.dispose();
});

it('a server that is told to asks for keys before there is one', async () => {
  server = await startApi({ requireKeys: '1' });
  expect((await server.fetch('/v1/documents')).status).toBe(401);
});
