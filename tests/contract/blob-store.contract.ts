import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobEntry, BlobStore } from '../../shared/storage/ports.ts';

/** A driver under test: empty when opened, gone when disposed of. */
export interface OpenedBlobStore {
  store: BlobStore;
  dispose(): Promise<void>;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (object: Uint8Array | undefined) => object && new TextDecoder().decode(object);

async function listed(store: BlobStore, prefix: string): Promise<BlobEntry[]> {
  const entries: BlobEntry[] = [];
  for await (const entry of store.list(prefix)) entries.push(entry);
  return entries;
}

/** What every driver of the BlobStore port keeps. */
export function describeBlobStore(name: string, open: () => Promise<OpenedBlobStore>): void {
  describe(`${name} blob store`, () => {
    let opened: OpenedBlobStore;
    let store: BlobStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(async () => {
      await store.close();
      await opened.dispose();
    });

    it('gives back what was stored', async () => {
      expect(await store.put('t1/ab/cdef.kv', bytes('hello'))).toBe(true);
      expect(text(await store.get('t1/ab/cdef.kv'))).toBe('hello');
      expect(await store.has('t1/ab/cdef.kv')).toBe(true);
    });

    it('knows what it does not have', async () => {
      await store.put('a/b', bytes('x'));
      for (const key of ['a', 'a/c', 'a/b/c', 'z']) {
        expect(await store.get(key)).toBeUndefined();
        expect(await store.has(key)).toBe(false);
        expect(await store.delete(key)).toBe(false);
      }
    });

    it('keeps every byte, in a buffer of its own', async () => {
      const binary = fc.uint8Array({ maxLength: 5000, size: 'max' });
      await fc.assert(
        fc.asyncProperty(binary, async (object) => {
          await store.put('binary', object, { replace: true });
          const back = await store.get('binary');
          expect(back).toEqual(object);
          expect(back?.byteOffset).toBe(0);
          expect(back?.buffer.byteLength).toBe(object.length);
        }),
        { numRuns: 15, examples: [[new Uint8Array(0)], [Uint8Array.from({ length: 256 }, (_, i) => i)]] },
      );
    });

    it('stores a view, not the buffer behind it', async () => {
      await store.put('view', bytes('0123456789').subarray(3, 6));
      expect(text(await store.get('view'))).toBe('345');
    });

    it('leaves an existing object untouched', async () => {
      await store.put('k', bytes('first'));
      expect(await store.put('k', bytes('second'))).toBe(false);
      expect(text(await store.get('k'))).toBe('first');
    });

    it('replaces an object when told to', async () => {
      await store.put('k', bytes('damaged'));
      expect(await store.put('k', bytes('healed'), { replace: true })).toBe(true);
      expect(text(await store.get('k'))).toBe('healed');
      expect(await store.put('new', bytes('x'), { replace: true })).toBe(true);
    });

    it('lets exactly one of 20 racing writers win', async () => {
      const writers = Array.from({ length: 20 }, (_, i) => store.put('race/key', bytes(`writer ${i}`)));
      const results = await Promise.all(writers);
      expect(results.filter(Boolean)).toHaveLength(1);
      expect(text(await store.get('race/key'))).toBe(`writer ${results.indexOf(true)}`);
    });

    it('deletes once', async () => {
      await store.put('k', bytes('x'));
      expect(await store.delete('k')).toBe(true);
      expect(await store.delete('k')).toBe(false);
      expect(await store.get('k')).toBeUndefined();
      expect(await store.put('k', bytes('again'))).toBe(true);
    });

    it.each(['../x', '/x', 'a//b', '', '.', 'a/..', './a', 'a/', 'a\\b', 'a b', 'é', 'a\0', 'a\n'])(
      'refuses the key %j',
      async (key) => {
        const refusal = { code: 'invalid_request' };
        await expect(store.put(key, bytes('x'))).rejects.toMatchObject(refusal);
        await expect(store.get(key)).rejects.toMatchObject(refusal);
        await expect(store.has(key)).rejects.toMatchObject(refusal);
        await expect(store.delete(key)).rejects.toMatchObject(refusal);
      },
    );

    it('lists in the order of the keys, an object beside those under its name', async () => {
      const keys = ['a', 'a-b', 'a.b', 'a/b', 'a/b/c', 'a0', 'b/A', 'b/_', 'b/a', 'c', '.tmp/x', 'objects'];
      await Promise.all(keys.map((key) => store.put(key, bytes(key))));
      expect((await listed(store, '')).map(({ key }) => key)).toEqual(keys.toSorted());
      for (const key of keys) expect(text(await store.get(key))).toBe(key);
    });

    it('lists whole segments only', async () => {
      for (const key of ['a/1', 'a/b/2', 'ab/3', 'a.b', 'a']) await store.put(key, bytes(key));
      expect((await listed(store, 'a')).map(({ key }) => key)).toEqual(['a/1', 'a/b/2']);
      expect(await listed(store, 'none')).toEqual([]);
      await expect(listed(store, '../a')).rejects.toMatchObject({ code: 'invalid_request' });
    });

    it('tells the size and the time of what it lists', async () => {
      await store.put('k', bytes('12345'));
      const [entry] = await listed(store, '');
      expect(entry).toMatchObject({ key: 'k', bytes: 5 });
      // The store's clock may not be this machine's: a day apart would be an error in the unit.
      expect(Math.abs(entry!.modified - Date.now())).toBeLessThan(86_400_000);
    });
  });
}
