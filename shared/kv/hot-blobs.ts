/** Blobs of passages that are asked for often, kept in the inference thread's memory; the least used leave first. */
import type { KvBlob } from './blob.ts';

export class HotBlobs {
  #limit: number;
  #bytes = 0;
  /** By key, the least lately used first. */
  #kept = new Map<string, KvBlob>();

  /** @param limit bytes kept at most; 0: nothing is kept */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A verified blob; undefined where it is not kept. Keys are content addresses: what is kept is never outdated. */
  get(key: string): KvBlob | undefined {
    const blob = this.#kept.get(key);
    if (blob === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, blob);
    return blob;
  }

  /** Keeps a verified blob, its object's bytes with it. */
  add(blob: KvBlob): void {
    const { key, bytes } = blob;
    if (bytes > this.#limit || this.#kept.has(key)) return;
    this.#kept.set(key, blob);
    this.#bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#kept) {
      if (this.#bytes <= this.#limit) break;
      this.#kept.delete(oldest);
      this.#bytes -= freed;
    }
  }
}
