import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { KvBudget } from '../../../../shared/pipeline/stored-kv/budget.ts';
import { blobPath } from '../../../../shared/pipeline/stored-kv/location.ts';
import { storeKv } from '../../../../shared/pipeline/stored-kv/store-kv.ts';
import { type OpenedStores, openTestStores } from '../../../support/stores.ts';

let stores: OpenedStores | undefined;
afterEach(async () => {
  await stores?.close();
  stores = undefined;
});

const user = { document: 'd', version: 'v' };
const keyOf = (n: number) => n.toString(16).padStart(64, 'a1b2c3d4'.charAt(n % 8));
const store = ({ services }: OpenedStores, n: number, bytes: number) =>
  storeKv(services, { tenant: 't', key: keyOf(n), tokens: 1, object: new Uint8Array(bytes) }, user);
const stored = async ({ services }: OpenedStores) => {
  const files: number[] = [];
  for await (const { bytes } of services.blobs.list('kv')) files.push(bytes);
  return files.reduce((sum, bytes) => sum + bytes, 0);
};
const has = async ({ services }: OpenedStores, n: number) => {
  const row = await services.catalog.blobs.has(keyOf(n));
  expect(await services.blobs.has(blobPath('t', keyOf(n)))).toBe(row);
  return row;
};
/** The next millisecond: uses are ordered by it. */
const tick = () => new Promise((resolve) => setTimeout(resolve, 2));

describe('the budget of stored KV', () => {
  it('is never passed; what alone is larger is not stored', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 1200 }), { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(sizes, async (blobs) => {
        const opened = await openTestStores({ kvBytes: 1000 });
        for (const [n, bytes] of blobs.entries()) {
          await store(opened, n, bytes);
          expect(await stored(opened)).toBeLessThanOrEqual(1000);
          expect(await has(opened, n)).toBe(bytes <= 1000);
        }
        await opened.close();
      }),
      { numRuns: 10 },
    );
  });

  it('holds when many are stored at once', async () => {
    stores = await openTestStores({ kvBytes: 1000 });
    await Promise.all(Array.from({ length: 20 }, (_, n) => store(stores!, n, 150)));
    expect(await stored(stores)).toBeLessThanOrEqual(1000);
  });

  it('takes the blobs that were not used for longest', async () => {
    stores = await openTestStores({ kvBytes: 1000 });
    for (let n = 0; n < 4; n++) {
      await store(stores, n, 240);
      await tick();
    }
    stores.services.budget.touch(keyOf(0));
    await stores.services.budget.flush();
    await store(stores, 4, 240);
    expect(await has(stores, 0)).toBe(true);
    expect(await has(stores, 1)).toBe(false);
    expect(await has(stores, 4)).toBe(true);
    // Who uses what was evicted stays known, so that it goes when the version goes.
    expect((await stores.services.catalog.blobs.dropVersion('d', 'v')).unused).toContain(keyOf(1));
  });

  it('writes a use once in a while, and never brings back a blob that is gone', async () => {
    stores = await openTestStores({ kvBytes: 1000 });
    await store(stores, 0, 100);
    const { catalog, budget } = stores.services;
    const used = async () => {
      for await (const blob of catalog.blobs.every()) return blob.used;
      return undefined;
    };
    const first = (await used())!;
    await tick();
    budget.touch(keyOf(0));
    budget.touch(keyOf(1));
    await budget.flush();
    const second = (await used())!;
    expect(second).toBeGreaterThan(first);
    await tick();
    budget.touch(keyOf(0));
    await budget.flush();
    expect(await used()).toBe(second);
    expect(await catalog.blobs.has(keyOf(1))).toBe(false);
  });

  it('goes by when a blob was used, not by when that is written down', async () => {
    stores = await openTestStores({ kvBytes: 1000 });
    await store(stores, 0, 240);
    await tick();
    stores.services.budget.touch(keyOf(0));
    await tick();
    for (let n = 1; n < 4; n++) await store(stores, n, 240);
    await stores.services.budget.flush();
    await store(stores, 4, 240);
    for (let n = 0; n < 5; n++) expect(await has(stores, n)).toBe(n > 1);
  });

  it('is enforced on what other instances have stored, and on what was there when it was set', async () => {
    stores = await openTestStores();
    for (let n = 0; n < 10; n++) {
      await store(stores, n, 200);
      await tick();
    }
    expect(await stored(stores)).toBe(2000);
    const { catalog, blobs, logger } = stores.services;
    await new KvBudget({ catalog, blobs, limit: 1000, logger }).enforce();
    expect(await stored(stores)).toBe(800);
    for (let n = 0; n < 10; n++) expect(await has(stores, n)).toBe(n >= 6);
  });
});
