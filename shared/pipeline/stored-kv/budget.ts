/** Keeps stored KV within a number of bytes by removing the least recently used blobs. */

import type { BlobState } from '../../catalog/blobs.ts';
import { Gate } from '../../gate.ts';
import type { Logger } from '../../telemetry.ts';
import { type KvStores, removeKv } from './remove-kv.ts';

/** How far an eviction goes below the budget: each one looks at every blob, so they must be few. */
const EVICT_TO = 0.9;
/** A blob's last use is written down at most this often. */
const TOUCH_INTERVAL_MS = 600_000;
/** Uses are collected for this long and written together. */
const TOUCH_DELAY_MS = 1_000;

export interface KvBudgetOptions extends KvStores {
  /** Bytes; undefined: no limit, and uses are not recorded. */
  limit: number | undefined;
  logger: Logger;
}

/**
 * Keeps the stored KV of all tenants under a number of bytes. A document whose blobs were evicted stays ready:
 * they are computed again when asked for. Several instances may each have one: what others store is seen by
 * `enforce`.
 */
export class KvBudget {
  #options: KvBudgetOptions;
  /** Bytes stored, or a little more: what is deleted is noticed by the next look at all blobs. */
  #stored: number | undefined;
  /** Evictions and stores, one at a time. */
  #turns = new Gate(1);
  /** Uses of the last minutes: when the row was written, and the last use; the oldest rows first. */
  #uses = new Map<string, { written: number; used: number }>();
  /** Uses that are not written yet, and when they were. */
  #pending = new Map<string, number>();

  constructor(options: KvBudgetOptions) {
    this.#options = options;
  }

  /**
   * Makes room for a blob and stores it; with a limit, one blob at a time.
   * @param store puts the blob and its rows
   * @returns false when the blob is larger than the whole budget, and was not stored
   */
  async admit(bytes: number, store: () => Promise<void>): Promise<boolean> {
    const { limit } = this.#options;
    if (limit === undefined) await store();
    else if (bytes > limit) return false;
    else {
      await this.#turns.run(async () => {
        this.#stored ??= sumOf(await this.#blobs());
        if (this.#stored + bytes > limit) this.#stored = await this.#evict(limit - bytes);
        this.#stored += bytes;
        await store();
      });
    }
    return true;
  }

  /** Notes that a blob is used. Written in the background, once in 10 minutes for each blob. */
  touch(key: string): void {
    if (this.#options.limit === undefined) return;
    const now = Date.now();
    for (const [old, { written }] of this.#uses) {
      if (now - written < TOUCH_INTERVAL_MS) break;
      this.#uses.delete(old);
    }
    const known = this.#uses.get(key);
    if (known !== undefined) {
      known.used = now;
      return;
    }
    this.#uses.set(key, { written: now, used: now });
    if (this.#pending.size === 0) setTimeout(() => void this.flush(), TOUCH_DELAY_MS).unref();
    this.#pending.set(key, now);
  }

  /** Writes the uses noted so far. */
  async flush(): Promise<void> {
    const uses = this.#pending;
    this.#pending = new Map();
    await this.#options.catalog.blobs.touch(uses).catch((error: unknown) => {
      // A use that is not known only makes a blob go sooner.
      this.#options.logger.debug({ err: error }, 'the use of blobs could not be recorded');
    });
  }

  /** Looks at all that is stored, by whatever instance, and evicts what is over the budget. */
  async enforce(): Promise<void> {
    const { limit } = this.#options;
    if (limit === undefined) return;
    await this.flush();
    await this.#turns.run(async () => {
      this.#stored = await this.#evict(limit);
    });
  }

  /** Evicts if more than `limit` bytes are stored, and then a little more; gives the bytes that are left. */
  async #evict(limit: number): Promise<number> {
    const { catalog, blobs, logger } = this.#options;
    const all = await this.#blobs();
    let stored = sumOf(all);
    if (stored <= limit) return stored;
    let evicted = 0;
    for (const { key, tenant, bytes } of all.sort((a, b) => this.#usedAt(a) - this.#usedAt(b))) {
      if (stored <= limit * EVICT_TO) break;
      await removeKv({ catalog, blobs }, { tenant, key, evicts: true });
      this.#uses.delete(key);
      stored -= bytes;
      evicted++;
    }
    logger.info({ blobs: evicted, bytes: stored }, 'stored KV was evicted');
    return stored;
  }

  #usedAt({ key, used }: BlobState & { key: string }): number {
    return Math.max(used, this.#uses.get(key)?.used ?? 0);
  }

  async #blobs(): Promise<(BlobState & { key: string })[]> {
    const all: (BlobState & { key: string })[] = [];
    for await (const blob of this.#options.catalog.blobs.every()) all.push(blob);
    return all;
  }
}

function sumOf(blobs: readonly BlobState[]): number {
  return blobs.reduce((sum, { bytes }) => sum + bytes, 0);
}
