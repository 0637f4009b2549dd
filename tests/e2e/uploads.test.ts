import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEFAULT_TENANT } from '../../shared/pipeline/defaults.ts';
import type { System } from '../../shared/pipeline/system.ts';
import { askBlockrag, idle, openSystem } from '../support/product/blockrag.ts';
import { filesHolding, temporaryDirectory } from '../support/product/directory.ts';
import { FERRY } from '../support/product/texts.ts';

const data = temporaryDirectory();
const bytes = new TextEncoder().encode(FERRY);
const upload = { tenant: DEFAULT_TENANT, collection: 'default', name: 'ferry.md', mediaType: undefined };
let blockrag: System;
beforeAll(async () => {
  blockrag = await openSystem(data);
});
afterAll(() => blockrag?.close());

it('a one-time upload answers questions like any document, and its token is in no file', async () => {
  const ticket = await blockrag.uploads.create({ ...upload, bytes: bytes.length });
  expect(filesHolding(data, ticket.token!)).toEqual([]);
  const { id } = await blockrag.uploads.receive(ticket.id, ticket.token!, bytes);
  const statuses: string[] = [];
  for await (const row of blockrag.watch(DEFAULT_TENANT, id, new AbortController().signal)) {
    statuses.push(row.status);
  }
  expect(statuses[0]).toBe('queued');
  expect(statuses.at(-1)).toBe('ready');
  const { citations } = await askBlockrag(blockrag, 'When does the ferry leave?');
  expect(citations).toMatchObject([{ document: 'ferry.md' }]);
  await expect(blockrag.uploads.receive(ticket.id, ticket.token!, bytes)).rejects.toMatchObject({
    code: 'conflict',
  });
});

it('an upload made before a restart is taken after it', async () => {
  const ticket = await blockrag.uploads.create({ ...upload, name: 'later.md' });
  await blockrag.close();
  blockrag = await openSystem(data);
  const { id } = await blockrag.uploads.receive(ticket.id, ticket.token!, bytes);
  await idle(blockrag);
  expect(await blockrag.document(DEFAULT_TENANT, id)).toMatchObject({ name: 'later.md', status: 'ready' });
});

it('a document sent twice with one idempotency key makes no work the second time', async () => {
  const document = { ...upload, name: 'twice.md', bytes };
  const first = await blockrag.addOnce(document, 'key');
  await idle(blockrag);
  const again = await blockrag.addOnce(document, 'key');
  expect(again).toMatchObject({ id: first.id, status: 'ready' });
  expect(await blockrag.work()).toEqual({ waiting: 0, leased: 0, dead: 0 });
});
