/** Keeps blobs of a remote store on the local disk (on Lambda: /tmp); the least recently used are removed first. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BoundedMap } from '../../bounded.ts';
import { readWhole } from '../../files/read-whole.ts';
import { removeAbandoned, temporaryName } from '../../files/temporary.ts';
import type { BlobStore } from '../ports.ts';

export interface CacheOptions {
  /** Bytes kept at most. */
  limit: number;
  /**
   * Where; a folder of its own is made in it, and those of processes that were killed are removed. Default: the
   * system's temporary folder.
   */
  folder?: string;
}

/**
 * The store with a cache before it. Only what is under kv/ is kept: those blobs never change under their key, and
 * their reader verifies them, so a file that the disk has damaged is computed anew like any other damaged blob.
 */
export async function cached(
  store: BlobStore,
  { limit, folder = tmpdir() }: CacheOptions,
): Promise<BlobStore> {
  await removeAbandoned(folder);
  const directory = join(folder, `blockrag-blobs.${temporaryName()}`);
  await mkdir(directory, { mode: 0o700 });
  return new CachedBlobStore(store, directory, limit);
}

class CachedBlobStore implements BlobStore {
  #store: BlobStore;
  #directory: string;
  #limit: number;
  #kept: BoundedMap<string, { bytes: number; file: string }>;
  #next = 0;

  constructor(store: BlobStore, directory: string, limit: number) {
    this.#store = store;
    this.#directory = directory;
    this.#limit = limit;
    this.#kept = new BoundedMap(limit, ({ bytes }) => bytes);
  }

  async get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      const bytes = await readWhole(kept.file).catch(() => undefined);
      if (bytes !== undefined) return bytes;
      await this.#forget(key);
    }
    const object = await this.#store.get(key);
    if (object !== undefined) await this.#keep(key, object);
    return object;
  }

  async put(key: string, bytes: Uint8Array, options?: { replace?: boolean }): Promise<boolean> {
    const stored = await this.#store.put(key, bytes, options);
    if (options?.replace === true) await this.#forget(key);
    if (stored) await this.#keep(key, bytes);
    return stored;
  }

  has(key: string): Promise<boolean> {
    return this.#store.has(key);
  }

  async delete(key: string): Promise<boolean> {
    await this.#forget(key);
    return this.#store.delete(key);
  }

  list(prefix: string): ReturnType<BlobStore['list']> {
    return this.#store.list(prefix);
  }

  async close(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
    await this.#store.close();
  }

  /** Keeps a blob if it can: without room on the disk the store still answers. */
  async #keep(key: string, bytes: Uint8Array): Promise<void> {
    if (!key.startsWith('kv/') || bytes.length > this.#limit || this.#kept.has(key)) return;
    const file = join(this.#directory, String(this.#next++));
    const kept = { bytes: bytes.length, file };
    const gone = this.#kept.set(key, kept);
    try {
      for (const { file: old } of gone) await rm(old, { force: true });
      await writeFile(`${file}.part`, bytes);
      await rename(`${file}.part`, file);
      // Left meanwhile, before there was a file to remove.
      if (this.#kept.get(key) !== kept) await rm(file, { force: true });
    } catch {
      await rm(`${file}.part`, { force: true });
      if (this.#kept.get(key) === kept) await this.#forget(key);
    }
  }

  async #forget(key: string): Promise<void> {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    await rm(kept.file, { force: true });
  }
}
