/**
 * A driver of one's own: what blockrag asks of a blob store, kept in a Map. The contract suite of the port says
 * whether it does all that it must.
 *
 * In a project of your own, write 'blockrag/storage' for '../../shared/storage/index.ts' and use the test framework
 * you have: a case is a name and a function. Some cases make random values with the package fast-check, which the
 * project then needs for its tests.
 */
import { test } from 'vitest';
import { type BlobEntry, type BlobStore, blobStoreContract, checkedKey } from '../../shared/storage/index.ts';

class MapBlobStore implements BlobStore {
  #objects = new Map<string, { bytes: Uint8Array; modified: number }>();

  async put(key: string, bytes: Uint8Array, options: { replace?: boolean } = {}): Promise<boolean> {
    if (this.#objects.has(checkedKey(key)) && options.replace !== true) return false;
    // The caller may go on to change its bytes.
    this.#objects.set(key, { bytes: Uint8Array.from(bytes), modified: Date.now() });
    return true;
  }

  async get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const object = this.#objects.get(checkedKey(key));
    // A copy each time: the reader may hand its buffer on to a thread.
    return object && Uint8Array.from(object.bytes);
  }

  async has(key: string): Promise<boolean> {
    return this.#objects.has(checkedKey(key));
  }

  async delete(key: string): Promise<boolean> {
    return this.#objects.delete(checkedKey(key));
  }

  async *list(prefix: string): AsyncIterable<BlobEntry> {
    const folder = prefix === '' ? '' : `${checkedKey(prefix)}/`;
    for (const key of [...this.#objects.keys()].sort()) {
      const { bytes, modified } = this.#objects.get(key)!;
      if (key.startsWith(folder)) yield { key, bytes: bytes.length, modified };
    }
  }

  async close(): Promise<void> {}
}

const open = async () => ({ store: new MapBlobStore() });

for (const { name, run } of blobStoreContract(open)) test(name, run);
