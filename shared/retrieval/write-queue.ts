/** The only writer of an index. It joins concurrent calls into a few large writes. */

/** Calls of one kind that may be written together. */
export interface Write<K extends string, T> {
  kind: K;
  /** What the write touches: two writes that share a document keep their order. */
  documents: readonly string[];
  /** How much it adds to a batch, against maxBatch. */
  size: number;
  value: T;
}

/** For each kind of write, what carries out a batch of them. */
export type Writers<W extends Write<string, unknown>> = {
  [K in W['kind']]: (values: Extract<W, { kind: K }>['value'][]) => Promise<void>;
};

interface Queued<W> {
  write: W;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Runs one batch at a time. The oldest waiting write decides the kind; later writes of this kind join it, unless
 * an earlier write that stays behind touches one of their documents. When a batch fails, all its writes do.
 */
export class WriteQueue<W extends Write<string, unknown>> {
  #writers: Writers<W>;
  #maxBatch: number;
  #waiting: Queued<W>[] = [];
  #running: Promise<void> | undefined;

  constructor(writers: Writers<W>, maxBatch: number) {
    this.#writers = writers;
    this.#maxBatch = maxBatch;
  }

  /** Resolves when the write has been carried out. */
  push(write: W): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is waiting or running. */
  async drained(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Calls made in the same turn of the event loop join the first batch.
    await undefined;
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      const kind = batch[0]!.write.kind as W['kind'];
      try {
        await this.#writers[kind](batch.map(({ write }) => write.value) as never);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = undefined;
  }

  #takeBatch(): Queued<W>[] {
    const batch: Queued<W>[] = [];
    const rest: Queued<W>[] = [];
    const held = new Set<string>();
    let size = 0;
    for (const queued of this.#waiting) {
      const { kind, documents, size: more } = queued.write;
      const joins =
        kind === this.#waiting[0]!.write.kind &&
        (batch.length === 0 || size + more <= this.#maxBatch) &&
        !documents.some((document) => held.has(document));
      if (joins) {
        batch.push(queued);
        size += more;
      } else {
        rest.push(queued);
        for (const document of documents) held.add(document);
      }
    }
    this.#waiting = rest;
    return batch;
  }
}
