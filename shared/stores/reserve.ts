/**
 * Room kept on the disk of a data directory, so that a full disk can be emptied: to delete, rows must be written. A file
 * takes it; when the catalog or the index meets a full disk the file goes, and until it can be made again nothing large
 * is taken in.
 */
import { randomBytes } from 'node:crypto';
import { rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockragError, isBlockragError } from '../errors.ts';
import type { PassageIndex } from '../retrieval/ports.ts';
import type { BlobStore, Table } from '../storage/ports.ts';

/** Some deletions' worth of rows, and a change of the index. */
const BYTES = 16 * 1024 * 1024;
/** On a small disk no more than this part of it. */
const SHARE = 1 / 50;
/** Made again only when there is so much room beside it. */
const ROOM_BESIDE = 1;
/** How often it is tried to make it again, ms. */
const RETRY_MS = 1_000;
/** Rows of more than this are those of new documents, which must not take the reserve. */
const FEW_ROWS = 100;

/** The reserve of one data directory, whose process alone uses it. */
export class Reserve {
  #directory: string;
  #held = false;
  #tried = 0;

  /** @param directory where the file lies: on the disk of the stores */
  constructor(directory: string) {
    this.#directory = directory;
  }

  get #path(): string {
    return join(this.#directory, 'reserve');
  }

  /** Makes it, where there is room. */
  async keep(): Promise<boolean> {
    if (this.#held || Date.now() - this.#tried < RETRY_MS) return this.#held;
    this.#tried = Date.now();
    try {
      const { bavail, blocks, bsize } = await statfs(this.#directory);
      const bytes = Math.floor(Math.min(BYTES, blocks * bsize * SHARE));
      const there = await stat(this.#path).then(
        ({ size }) => size,
        () => 0,
      );
      if (there < bytes) {
        if (bavail * bsize < (1 + ROOM_BESIDE) * bytes) return false;
        // Of bytes that no file system stores as a hole, or compresses.
        await writeFile(this.#path, randomBytes(bytes), { mode: 0o600 });
      }
      this.#held = true;
    } catch {
      await this.#remove();
    }
    return this.#held;
  }

  /** Does what must be possible on a full disk: once more without the reserve, where it finds no room. */
  async through<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isBlockragError(error, 'storage_full')) throw error;
      await this.#remove();
      return work();
    }
  }

  /** @throws BlockragError `storage_full` while there is no reserve, and no room for it */
  async require(): Promise<void> {
    if (await this.keep()) return;
    const message =
      'The disk is full, and what is left is kept for deleting: delete documents or free some space, and try again.';
    throw new BlockragError('storage_full', message);
  }

  async #remove(): Promise<void> {
    this.#held = false;
    this.#tried = Date.now();
    await rm(this.#path, { force: true }).catch(() => {});
  }
}

/** A table that writes on into the reserve. */
export function tableWithReserve(table: Table, reserve: Reserve): Table {
  return {
    get: (partition, sort) => table.get(partition, sort),
    getMany: (keys) => table.getMany(keys),
    query: (partition, options) => table.query(partition, options),
    write: (operations) => reserve.through(() => table.write(operations)),
    putMany: (rows) =>
      rows.length > FEW_ROWS ? table.putMany(rows) : reserve.through(() => table.putMany(rows)),
    scrub: () => reserve.through(() => table.scrub()),
    close: () => table.close(),
  };
}

/** An index from which is removed into the reserve. */
export function indexWithReserve(index: PassageIndex, reserve: Reserve): PassageIndex {
  return {
    add: (passages) => index.add(passages),
    remove: (document, version) => reserve.through(() => index.remove(document, version)),
    search: (query) => index.search(query),
    optimize: (options) => reserve.through(() => index.optimize(options)),
    counts: (options) => index.counts(options),
    reset: () => reserve.through(() => index.reset()),
    close: () => index.close(),
  };
}

/** A blob store that takes in nothing large while there is no reserve. */
export function blobsWithReserve(blobs: BlobStore, reserve: Reserve): BlobStore {
  return {
    put: async (key, bytes, options) => {
      if (!key.startsWith('state/')) await reserve.require();
      return blobs.put(key, bytes, options);
    },
    get: (key) => blobs.get(key),
    has: (key) => blobs.has(key),
    delete: (key) => blobs.delete(key),
    list: (prefix) => blobs.list(prefix),
    close: () => blobs.close(),
  };
}
