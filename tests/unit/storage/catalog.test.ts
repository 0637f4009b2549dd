import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog, type DocumentRow } from '../../../shared/storage/catalog.ts';
import { parsePassageId, passageId } from '../../../shared/storage/catalog-passages.ts';
import { type Environment, openEnvironment } from '../../../shared/storage/lmdb.ts';
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

describe('references to blobs', () => {
  it('last until the last version that uses a blob is dropped', async () => {
    await catalog.putBlob('shared', STATE, { document: 'a', version: 'v1' });
    await catalog.putBlob('shared', STATE, { document: 'b', version: 'v1' });
    await catalog.putBlob('own', STATE, { document: 'a', version: 'v1' });
    expect(await catalog.dropVersion('a', 'v1')).toEqual(['own']);
    expect(await catalog.dropVersion('b', 'v1')).toEqual(['shared']);
  });

  it('may be recorded and dropped again and again, as work is after a kill', async () => {
    const user = { document: 'a', version: 'v1' };
    for (let time = 0; time < 3; time++) await catalog.putBlob('key', STATE, user);
    for (let time = 0; time < 2; time++) expect(await catalog.dropVersion('a', 'v1')).toEqual(['key']);
    expect(await catalog.hasBlob('key')).toBe(true);
    await catalog.dropBlob('key');
    await catalog.deletePassages('a', 'v1');
    expect(await catalog.hasBlob('key')).toBe(false);
    expect(await catalog.dropVersion('a', 'v1')).toEqual([]);
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
          await catalog.putBlob(key, STATE, { document: `d${document}`, version });
          left.set(key, (left.get(key) ?? new Set()).add(`d${document}`));
        }
        for (const document of ['d0', 'd1', 'd2', 'd3']) {
          const unused = [...left].filter(([, users]) => users.delete(document) && users.size === 0);
          expect(await catalog.dropVersion(document, version)).toEqual(unused.map(([key]) => key).sort());
        }
      }),
      { numRuns: 15 },
    );
  });
});

describe('a batch of encoded passages', () => {
  it('counts once, however often it is recorded', async () => {
    expect(await catalog.putBatch('a', 'v1', 0, 8)).toBe(8);
    expect(await catalog.putBatch('a', 'v1', 1, 3)).toBe(11);
    expect(await catalog.putBatch('a', 'v1', 0, 8)).toBe(11);
    expect(await catalog.putBatch('a', 'v2', 0, 8)).toBe(8);
  });
});

describe('document rows', () => {
  it('changed by several at once have every change', async () => {
    await catalog.updateDocument('t', 'a', () => row('a'));
    const add = () =>
      catalog.updateDocument('t', 'a', (current) => ({ ...current!, passages: current!.passages + 1 }));
    await Promise.all(Array.from({ length: 8 }, add));
    expect((await catalog.document('t', 'a'))!.passages).toBe(9);
  });

  it('stay as they are when a change gives nothing, and go when it gives null', async () => {
    await catalog.updateDocument('t', 'a', () => row('a'));
    const before = await catalog.document('t', 'a');
    expect(await catalog.updateDocument('t', 'a', () => undefined)).toEqual(before);
    expect(await catalog.document('t', 'a')).toEqual(before);
    await catalog.updateDocument('t', 'a', () => null);
    expect(await catalog.document('t', 'a')).toBeUndefined();
    expect(await catalog.hasCollection('t', 'default')).toBe(true);
  });

  it('are paged through by collection, each once', async () => {
    for (let n = 0; n < 11; n++) {
      await catalog.updateDocument('t', `d${n}`, () => row(`d${n}`, n % 3 === 0 ? 'third' : 'default'));
    }
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await catalog.documents('t', { collection: 'third', limit: 2, after });
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
    await catalog.putPassages('a', 'v1', passages.toReversed());
    expect(await catalog.passages('a', 'v1')).toEqual(passages);
    const id = { document: 'a', version: 'v1', index: 7 };
    expect(await catalog.passagesById([id, { ...id, index: 99 }])).toEqual([passages[7], undefined]);
    expect(parsePassageId(passageId(id))).toEqual(id);
  });
});
