/** What every driver of the BlobStore port does. */
import assert from 'node:assert/strict';
import type { BlobEntry, BlobStore } from '../ports.ts';
import { assertFields, assertRejects, type ContractCase, casesOn, fastCheck } from './case.ts';

/** A store that is empty when it is opened. */
export interface OpenedBlobStore {
  store: BlobStore;
  /** Removes what the store was kept in, after it was closed. */
  close?: () => Promise<void>;
}

/**
 * The contract of a BlobStore. Each case opens a store of its own and closes it.
 *
 * @example
 * for (const { name, run } of blobStoreContract(open)) test(name, run);
 */
export function blobStoreContract(open: () => Promise<OpenedBlobStore>): ContractCase[] {
  return casesOn(open, closed, CASES);
}

async function closed({ store, close }: OpenedBlobStore): Promise<void> {
  await store.close();
  await close?.();
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (object: Uint8Array | undefined) => object && new TextDecoder().decode(object);

async function listed(store: BlobStore, prefix: string): Promise<BlobEntry[]> {
  const entries: BlobEntry[] = [];
  for await (const entry of store.list(prefix)) entries.push(entry);
  return entries;
}

const NO_KEYS = ['../x', '/x', 'a//b', '', '.', 'a/..', './a', 'a/', 'a\\b', 'a b', 'é', 'a\0', 'a\n'];
const REFUSALS = Object.fromEntries(
  NO_KEYS.map((key) => [
    `refuses the key ${JSON.stringify(key)}`,
    async ({ store }: OpenedBlobStore) => {
      const refusal = { code: 'invalid_request' };
      await assertRejects(store.put(key, bytes('x')), refusal);
      await assertRejects(store.get(key), refusal);
      await assertRejects(store.has(key), refusal);
      await assertRejects(store.delete(key), refusal);
    },
  ]),
);

const CASES: Record<string, (opened: OpenedBlobStore) => Promise<void>> = {
  'gives back what was stored': async ({ store }) => {
    assert.equal(await store.put('t1/ab/cdef.kv', bytes('hello')), true);
    assert.equal(text(await store.get('t1/ab/cdef.kv')), 'hello');
    assert.equal(await store.has('t1/ab/cdef.kv'), true);
  },

  'knows what it does not have': async ({ store }) => {
    await store.put('a/b', bytes('x'));
    for (const key of ['a', 'a/c', 'a/b/c', 'z']) {
      assert.equal(await store.get(key), undefined);
      assert.equal(await store.has(key), false);
      assert.equal(await store.delete(key), false);
    }
  },

  'keeps every byte, in a buffer of its own': async ({ store }) => {
    const fc = await fastCheck();
    const binary = fc.uint8Array({ maxLength: 5000, size: 'max' });
    await fc.assert(
      fc.asyncProperty(binary, async (object) => {
        await store.put('binary', object, { replace: true });
        const back = await store.get('binary');
        assert.deepEqual(back, object);
        assert.equal(back?.byteOffset, 0);
        assert.equal(back?.buffer.byteLength, object.length);
      }),
      { numRuns: 15, examples: [[new Uint8Array(0)], [Uint8Array.from({ length: 256 }, (_, i) => i)]] },
    );
  },

  'stores a view, not the buffer behind it': async ({ store }) => {
    await store.put('view', bytes('0123456789').subarray(3, 6));
    assert.equal(text(await store.get('view')), '345');
  },

  "keeps none of the writer's buffer, and gives the reader another each time": async ({ store }) => {
    const written = bytes('0123');
    await store.put('k', written);
    written.fill(0);
    const read = (await store.get('k'))!;
    structuredClone(read, { transfer: [read.buffer] });
    assert.equal(text(await store.get('k')), '0123');
  },

  'leaves an existing object untouched': async ({ store }) => {
    await store.put('k', bytes('first'));
    assert.equal(await store.put('k', bytes('second')), false);
    assert.equal(text(await store.get('k')), 'first');
  },

  'replaces an object when told to': async ({ store }) => {
    await store.put('k', bytes('damaged'));
    assert.equal(await store.put('k', bytes('healed'), { replace: true }), true);
    assert.equal(text(await store.get('k')), 'healed');
    assert.equal(await store.put('new', bytes('x'), { replace: true }), true);
  },

  'lets exactly one of 20 racing writers win': async ({ store }) => {
    const writers = Array.from({ length: 20 }, (_, i) => store.put('race/key', bytes(`writer ${i}`)));
    const results = await Promise.all(writers);
    assert.equal(results.filter(Boolean).length, 1);
    assert.equal(text(await store.get('race/key')), `writer ${results.indexOf(true)}`);
  },

  'deletes once': async ({ store }) => {
    await store.put('k', bytes('x'));
    assert.equal(await store.delete('k'), true);
    assert.equal(await store.delete('k'), false);
    assert.equal(await store.get('k'), undefined);
    assert.equal(await store.put('k', bytes('again')), true);
  },

  ...REFUSALS,

  'lists in the order of the keys, an object beside those under its name': async ({ store }) => {
    const keys = ['a', 'a-b', 'a.b', 'a/b', 'a/b/c', 'a0', 'b/A', 'b/_', 'b/a', 'c', '.tmp/x', 'objects'];
    await Promise.all(keys.map((key) => store.put(key, bytes(key))));
    assert.deepEqual(
      (await listed(store, '')).map(({ key }) => key),
      keys.toSorted(),
    );
    for (const key of keys) assert.equal(text(await store.get(key)), key);
  },

  'lists whole segments only': async ({ store }) => {
    for (const key of ['a/1', 'a/b/2', 'ab/3', 'a.b', 'a']) await store.put(key, bytes(key));
    assert.deepEqual(
      (await listed(store, 'a')).map(({ key }) => key),
      ['a/1', 'a/b/2'],
    );
    assert.deepEqual(await listed(store, 'none'), []);
    await assertRejects(listed(store, '../a'), { code: 'invalid_request' });
  },

  'tells the size and the time of what it lists': async ({ store }) => {
    await store.put('k', bytes('12345'));
    const [entry] = await listed(store, '');
    assertFields(entry, { key: 'k', bytes: 5 });
    // The store's clock may not be this machine's: a day apart would be an error in the unit.
    assert.ok(Math.abs(entry!.modified - Date.now()) < 86_400_000);
  },
};
