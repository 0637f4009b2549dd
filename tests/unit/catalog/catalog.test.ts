import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobUser } from '../../../shared/catalog/blobs.ts';
import { Catalog, type DocumentRow } from '../../../shared/catalog/catalog.ts';
import { parsePassageId, passageId } from '../../../shared/catalog/passages.ts';
import { type Environment, openEnvironment } from '../../../shared/storage/lmdb/environment.ts';
import { openLmdbTable } from '../../../shared/storage/table/lmdb.ts';

let directory: string;
let environment: Environment;
let catalog: Catalog;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'blockrag-catalog-'));
  environment = await openEnvironment(directory);
  catalog = new Catalog(openLmdbTable(environment));
});
afterEach(async () => {
  await environment.close();
  rmSync(directory, { recursive: true });
});

const STATE = { tenant: 't', bytes: 10, tokens: 3 };

const row = (id: string, collection = 'default'): DocumentRow => ({
  id,
  tenant: 't',
  collection,
  name: id,
  title: id,
  metadata: {},
  mediaType: null,
  bytes: 1,
  sha256: '',
  status: 'ready',
  version: 'v1',
  pending: null,
  retiring: [],
  fingerprint: null,
  pendingFingerprint: null,
  ready: null,
  passages: 1,
  encoded: 1,
  tokens: 1,
  error: null,
  created: 1,
  updated: 1,
});

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

describe('the deletion of a blob', () => {
  const begin = () => catalog.deletions.begin({ key: 'key', tenant: 't', evicts: false, since: 1 });

  it('keeps the blob from being used or stored until it is over', async () => {
    await store('key', a1);
    const deletion = (await begin())!;
    expect(await catalog.blobs.use(['other', 'key'], b1)).toEqual([deletion]);
    expect(await catalog.blobs.put('key', STATE, a1)).toBe(false);
    await catalog.deletions.end(deletion);
    expect(await catalog.blobs.has('key')).toBe(false);
    await store('key', b1);
    expect(await catalog.blobs.has('key')).toBe(true);
  });

  it('that begins while a use is recorded makes that one fail', async () => {
    const { table } = catalog;
    const racing = new Catalog(
      Object.assign(Object.create(table), {
        getMany: async (keys: Parameters<typeof table.getMany>[0]) => {
          const rows = await table.getMany(keys);
          await begin();
          return rows;
        },
        write: table.write.bind(table),
      }),
    );
    await expect(racing.blobs.use(['key'], a1)).rejects.toMatchObject({ code: 'conflict' });
    expect(await catalog.blobs.usersOf('key', 1)).toEqual([]);
  });

  it('has one deleter, and another only when it is taken over; the first can end it no more', async () => {
    await store('key', a1);
    const first = (await begin())!;
    expect(await begin()).toBeUndefined();
    const second = (await catalog.deletions.takeOver(first, 2))!;
    expect(await catalog.deletions.takeOver(first, 3)).toBeUndefined();
    await catalog.deletions.end(first);
    await catalog.deletions.abandon(first);
    expect(await catalog.deletions.of(['key', 'other'])).toEqual([second]);
    const all = [];
    for await (const deletion of catalog.deletions.every()) all.push(deletion);
    expect(all).toEqual([]);
    await catalog.deletions.abandon(second);
    expect(await catalog.blobs.has('key')).toBe(true);
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

describe('tenants', () => {
  it('are known with their first document, and stay known', async () => {
    expect(await catalog.tenants.all()).toEqual([]);
    for (const tenant of ['z', 'b', 'z']) {
      await catalog.documents.update(tenant, 'a', (current) => current ?? { ...row('a'), tenant });
      await catalog.documents.update(tenant, 'c', () => ({ ...row('c'), tenant }));
    }
    expect(await catalog.tenants.all()).toEqual(['b', 'z']);
    await catalog.documents.update('b', 'a', () => null);
    expect(await new Catalog(catalog.table).tenants.all()).toEqual(['b', 'z']);
  });
});

describe('a batch of encoded passages', () => {
  it('counts once, however often it is recorded', async () => {
    expect(await catalog.passages.putBatch('a', 'v1', 0, 8)).toBe(8);
    expect(await catalog.passages.putBatch('a', 'v1', 1, 3)).toBe(11);
    expect(await catalog.passages.putBatch('a', 'v1', 0, 8)).toBe(11);
    expect(await catalog.passages.putBatch('a', 'v2', 0, 8)).toBe(8);
  });
});

describe('document rows', () => {
  it('changed by several at once have every change', async () => {
    await catalog.documents.update('t', 'a', () => row('a'));
    const add = () =>
      catalog.documents.update('t', 'a', (current) => ({ ...current!, passages: current!.passages + 1 }));
    await Promise.all(Array.from({ length: 8 }, add));
    expect((await catalog.documents.get('t', 'a'))!.passages).toBe(9);
  });

  it('stay as they are when a change gives nothing, and go when it gives null', async () => {
    await catalog.documents.update('t', 'a', () => row('a'));
    const before = await catalog.documents.get('t', 'a');
    expect(await catalog.documents.update('t', 'a', () => undefined)).toEqual(before);
    expect(await catalog.documents.get('t', 'a')).toEqual(before);
    await catalog.documents.update('t', 'a', () => null);
    expect(await catalog.documents.get('t', 'a')).toBeUndefined();
    expect(await catalog.collections.has('t', 'default')).toBe(true);
  });

  it('are paged through by collection, each once', async () => {
    for (let n = 0; n < 11; n++) {
      await catalog.documents.update('t', `d${n}`, () => row(`d${n}`, n % 3 === 0 ? 'third' : 'default'));
    }
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await catalog.documents.page('t', { collection: 'third', limit: 2, after });
      expect(page.documents.length).toBeLessThanOrEqual(2);
      seen.push(...page.documents.map(({ id }) => id));
      after = page.next;
    } while (after !== undefined);
    expect(seen.sort()).toEqual(['d0', 'd3', 'd6', 'd9']);
  });
});

describe('passages', () => {
  it('come back in reading order with their tokens', async () => {
    const passages = Array.from({ length: 12 }, (_, index) => ({
      index,
      title: 'T',
      text: `passage ${index}`,
      page: index % 2 ? index : null,
      tokens: Uint32Array.of(index, 70_000, 4_294_967_295),
      blobKey: `k${index}`,
    }));
    await catalog.passages.put('a', 'v1', passages.toReversed());
    expect(await catalog.passages.ofVersion('a', 'v1')).toEqual(passages);
    const id = { document: 'a', version: 'v1', index: 7 };
    expect(await catalog.passages.getMany([id, { ...id, index: 99 }])).toEqual([passages[7], undefined]);
    expect(parsePassageId(passageId(id))).toEqual(id);
  });
});
