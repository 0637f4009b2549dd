import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../../../shared/catalog/catalog.ts';
import { originalPath } from '../../../../shared/pipeline/intake/original.ts';
import { acceptDocument } from '../../../../shared/pipeline/intake/submit.ts';
import type { Services } from '../../../../shared/pipeline/services.ts';
import { blobPath } from '../../../../shared/pipeline/stored-kv/location.ts';
import { beginEpoch } from '../../../../shared/pipeline/sweep/epoch.ts';
import { sweep } from '../../../../shared/pipeline/sweep/sweep.ts';
import type { Row, Table } from '../../../../shared/storage/ports.ts';
import { openCatalogTable } from '../../../support/catalog-table.ts';
import { document, type OpenedStores, openTestStores } from '../../../support/stores.ts';

const DAYS = 2 * 86_400_000;
/** What a catalog of documents consists of, and that of the epoch. */
const PARTITIONS = ['data', 'tenants', 'collections/t', 'documents/t'];
const KEY = 'ab'.padEnd(64, '0');

let stores: OpenedStores;
let services: Services;
beforeEach(async () => {
  stores = await openTestStores();
  services = stores.services;
  await beginEpoch(services);
  await services.blobs.put(blobPath('t', KEY), new Uint8Array(10));
});
afterEach(() => stores.close());

const sweepLater = (of: Services = services) =>
  sweep(of, { graceMs: 3_600_000, signal: new AbortController().signal, now: () => Date.now() + DAYS });
const keys = async (prefix: string) => {
  const found: string[] = [];
  for await (const { key } of services.blobs.list(prefix)) if (!key.endsWith('.json')) found.push(key);
  return found;
};
const add = (name: string) => acceptDocument(services, document({ name }));

/** The services over another catalog, which holds rows that were copied before. */
async function withCatalog(rows: readonly Row[]) {
  const { table, dispose } = await openCatalogTable();
  await table.putMany(rows);
  return { services: { ...services, catalog: new Catalog(table) }, dispose };
}
async function copyOf(table: Table): Promise<Row[]> {
  const copies = await Promise.all(PARTITIONS.map((partition) => table.query(partition)));
  return copies.flatMap(({ rows }) => rows);
}

describe('a sweep removes nothing of the stores', () => {
  it('when their catalog was lost, and says how to go on', async () => {
    await add('a');
    const lost = await withCatalog([]);
    await beginEpoch(lost.services);
    const logged: unknown[] = [];
    const logger = { ...services.logger, info: () => {}, error: (line: unknown) => logged.push(line) };
    const report = await sweepLater({ ...lost.services, logger: logger as never });
    expect(report).toMatchObject({ refused: true, originals: 0, objects: 0 });
    expect(logged).toMatchObject([
      { code: 'catalog_mismatch', err: { message: expect.stringContaining('--adopt-catalog') } },
    ]);
    expect(await keys('originals')).toHaveLength(1);
    expect(await keys('kv')).toHaveLength(1);
    await lost.dispose();
  });

  it('when their catalog was lost before there were epochs', async () => {
    await add('a');
    await services.blobs.delete('state/catalog');
    const lost = await withCatalog([]);
    await beginEpoch(lost.services);
    expect(await sweepLater(lost.services)).toMatchObject({ refused: true });
    expect(await keys('originals')).toHaveLength(1);
    await lost.dispose();
  });

  it('when their catalog is a copy of yesterday', async () => {
    await add('a');
    const copy = await copyOf(services.catalog.table);
    await add('b');
    expect(await sweepLater()).toMatchObject({ refused: false, objects: 1 });
    await services.blobs.put(blobPath('t', KEY), new Uint8Array(10));
    const old = await withCatalog(copy);
    await beginEpoch(old.services);
    expect(await sweepLater(old.services)).toMatchObject({ refused: true, originals: 0, objects: 0 });
    expect(await keys('originals')).toHaveLength(2);
    await old.dispose();
  });

  it('when it knows of less than half of what is stored', async () => {
    for (let n = 0; n < 8; n++) await add(String(n));
    const path = (n: number) => originalPath('t', `doc_${n}`, 'v1');
    for (let n = 0; n < 12; n++) await services.blobs.put(path(n), new Uint8Array(1));
    expect(await sweepLater()).toMatchObject({ refused: true, originals: 0, objects: 0 });
    expect(await keys('originals')).toHaveLength(20);
  });
});

describe('a catalog that is adopted', () => {
  it('is that of the stores from then on, and what it does not know is set aside', async () => {
    for (let n = 0; n < 12; n++) await add(String(n));
    const lost = await withCatalog([]);
    await beginEpoch(lost.services, { adopt: true });
    expect(await sweepLater(lost.services)).toMatchObject({ refused: false, originals: 12, objects: 1 });
    expect(await keys('originals')).toEqual([]);
    expect(await keys('quarantine')).toHaveLength(12);
    expect(await sweepLater(lost.services)).toMatchObject({ refused: false });
    await lost.dispose();
  });

  it('gets back what was set aside when it knows of it again', async () => {
    await add('a');
    const lost = await withCatalog([]);
    await beginEpoch(lost.services, { adopt: true });
    await sweepLater(lost.services);
    expect(await keys('originals')).toEqual([]);
    // The right catalog was found after all.
    expect(await sweepLater()).toMatchObject({ refused: true });
    await beginEpoch(services, { adopt: true });
    expect(await sweepLater()).toMatchObject({ refused: false, restored: 1 });
    expect(await keys('originals')).toHaveLength(1);
    await lost.dispose();
  });
});

it('stores of before there were epochs are given one, with the catalog that knows of them', async () => {
  await add('a');
  await services.blobs.delete('state/catalog');
  await services.catalog.table.write([{ delete: { partition: 'data', sort: 'epoch' } }]);
  expect(await sweepLater()).toMatchObject({ refused: false });
  expect(await services.blobs.has('state/catalog')).toBe(true);
});
