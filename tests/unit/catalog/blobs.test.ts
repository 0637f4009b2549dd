import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobUser } from '../../../shared/catalog/blobs.ts';
import type { Catalog } from '../../../shared/catalog/catalog.ts';
import { openCatalog } from '../../support/open-catalog.ts';

let catalog: Catalog;
let dispose: () => Promise<void>;
beforeEach(async () => {
  ({ catalog, dispose } = await openCatalog());
});
afterEach(() => dispose());

const STATE = { tenant: 't', bytes: 10, tokens: 3 };

async function store(key: string, user: BlobUser): Promise<void> {
  expect(await catalog.blobs.use([key], user)).toEqual([]);
  expect(await catalog.blobs.put(key, STATE, user)).toBe(true);
}
const a1 = { document: 'a', version: 'v1' };
const b1 = { document: 'b', version: 'v1' };

describe('references to blobs', () => {
  it('last until the last version that uses a blob is dropped', async () => {
    await store('shared', a1);
    await store('shared', b1);
    await store('own', a1);
    expect(await catalog.blobs.usersOf('shared', 5)).toEqual([a1, b1]);
    expect((await catalog.blobs.dropVersion('a', 'v1')).unused).toEqual(['own']);
    expect((await catalog.blobs.dropVersion('b', 'v1')).unused).toEqual(['shared']);
  });

  it('may be recorded and dropped again and again, as work is after a kill', async () => {
    for (let time = 0; time < 3; time++) await store('key', a1);
    for (let time = 0; time < 2; time++)
      expect((await catalog.blobs.dropVersion('a', 'v1')).unused).toEqual(['key']);
    expect(await catalog.blobs.has('key')).toBe(true);
    await catalog.blobs.dropUse('key', a1);
    expect((await catalog.blobs.dropVersion('a', 'v1')).unused).toEqual([]);
  });

  it('of any documents: a blob is given up exactly by its last user', async () => {
    const uses = fc.uniqueArray(fc.tuple(fc.nat(3), fc.nat(4)), { selector: String, maxLength: 12 });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(uses, async (pairs) => {
        const version = `v${run++}`;
        const left = new Map<string, Set<string>>();
        for (const [document, blob] of pairs) {
          const key = `${version}-${blob}`;
          await store(key, { document: `d${document}`, version });
          left.set(key, (left.get(key) ?? new Set()).add(`d${document}`));
        }
        for (const document of ['d0', 'd1', 'd2', 'd3']) {
          const unused = [...left].filter(([, users]) => users.delete(document) && users.size === 0);
          expect((await catalog.blobs.dropVersion(document, version)).unused).toEqual(
            unused.map(([key]) => key).sort(),
          );
        }
      }),
      { numRuns: 15 },
    );
  });

  it('are recorded for many blobs at once', async () => {
    const keys = Array.from({ length: 70 }, (_, i) => `k${i}`);
    await catalog.blobs.use([...keys, ...keys], a1);
    expect((await catalog.blobs.dropVersion('a', 'v1')).unused).toEqual(keys.sort());
  });
});

describe('a blob that is stored', () => {
  const hex = (n: number) => n.toString(16).padStart(2, '0').padEnd(64, '0');

  it('is listed with all others in the order of the keys, from any key on', async () => {
    for (let n = 0; n < 256; n += 3) await store(hex(n), a1);
    const listed: string[] = [];
    for await (const { key } of catalog.blobs.every()) listed.push(key);
    expect(listed).toEqual(Array.from({ length: 86 }, (_, i) => hex(i * 3)));
    for (const after of [hex(0), hex(47), hex(48), hex(254), hex(255)]) {
      const rest: string[] = [];
      for await (const page of catalog.blobs.pages(after)) rest.push(...page.map(({ key }) => key));
      expect(rest).toEqual(listed.filter((key) => key > after));
    }
  });

  it('remembers since when it is unused until it is stored again', async () => {
    const only = async () => {
      for await (const blob of catalog.blobs.every()) return blob;
      throw new Error('none');
    };
    await store(hex(1), a1);
    const before = await only();
    await catalog.blobs.markUnused(before, 7);
    // The row has changed since.
    await catalog.blobs.markUnused(before, 8);
    expect((await only()).unused).toBe(7);
    await catalog.blobs.markUnused(await only(), undefined);
    expect(await only()).toEqual({ ...before, revision: 3 });
    await catalog.blobs.markUnused(await only(), 9);
    await store(hex(1), b1);
    expect((await only()).unused).toBeUndefined();
  });
});
