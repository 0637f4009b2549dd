import { mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { BlockragError } from '../../../shared/errors.ts';
import { openFsBlobStore } from '../../../shared/storage/blobs/fs.ts';
import { blobsWithReserve, Reserve, tableWithReserve } from '../../../shared/stores/reserve.ts';
import { openCatalogTable } from '../../support/catalog-table.ts';

const FULL = new BlockragError('storage_full', 'The disk is full.');

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'blockrag-reserve-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

const size = () => statSync(join(directory, 'reserve'), { throwIfNoEntry: false })?.size;

it('takes room on the disk, which a write that found none is given', async () => {
  const reserve = new Reserve(directory);
  expect(await reserve.keep()).toBe(true);
  const { blocks, bsize } = statfsSync(directory);
  expect(size()).toBe(Math.floor(Math.min(16 * 1024 * 1024, (blocks * bsize) / 50)));

  const { table, dispose } = await openCatalogTable();
  const full = {
    ...table,
    write: async (operations: Parameters<typeof table.write>[0]) => {
      if (size() !== undefined) throw FULL;
      await table.write(operations);
    },
    get: table.get.bind(table),
  } as unknown as typeof table;
  await tableWithReserve(full, reserve).write([{ put: { partition: 'p', sort: 's', data: {} } }]);
  expect(size()).toBeUndefined();
  expect(await table.get('p', 's')).toBeDefined();
  await dispose();
});

it('refuses what is new until it has room for the reserve again', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const reserve = new Reserve(directory);
  const blobs = blobsWithReserve(await openFsBlobStore(join(directory, 'blobs')), reserve);
  await blobs.put('kv/t/a', new Uint8Array(10));
  await expect(reserve.through(() => Promise.reject(FULL))).rejects.toBe(FULL);
  await expect(blobs.put('kv/t/b', new Uint8Array(10))).rejects.toMatchObject({ code: 'storage_full' });
  await blobs.put('state/catalog', new Uint8Array(10));
  expect(await blobs.delete('kv/t/a')).toBe(true);
  vi.setSystemTime(Date.now() + 2_000);
  await blobs.put('kv/t/b', new Uint8Array(10));
  expect(size()).toBeGreaterThan(0);
});

it('leaves other failures as they are', async () => {
  const reserve = new Reserve(directory);
  await reserve.keep();
  await expect(reserve.through(() => Promise.reject(new Error('other')))).rejects.toThrow('other');
  expect(size()).toBeGreaterThan(0);
});
