import { Bell } from '../../bell.ts';
import { type Environment, MAX_KEY_BYTES } from '../lmdb/environment.ts';
import type { Lease, RowData, WorkQueue } from '../ports.ts';
import {
  checkItemId,
  countIn,
  findItem,
  firstDue,
  type Item,
  idsIn,
  LEASE_RAN_OUT,
  nextSequence,
  type Place,
  parseReceipt,
  putItem,
  type QueueDatabase,
  receiptOf,
  removeItem,
} from './rows.ts';

const DEFAULT_MAX_ATTEMPTS = 5;
/** The id's key has a letter before it. */
const MAX_ID_BYTES = MAX_KEY_BYTES - 1;

/** A work queue in LMDB for the consumers of one process. */
class LmdbQueue implements WorkQueue {
  #environment: Environment;
  #database: QueueDatabase;
  #maxAttempts: number;
  #closed = false;
  #bell = new Bell();

  constructor(environment: Environment, name: string, maxAttempts: number) {
    this.#environment = environment;
    this.#database = environment.database(`queue:${name}`);
    this.#maxAttempts = maxAttempts;
  }

  async send(items: readonly { id: string; body: RowData }[]): Promise<void> {
    for (const { id } of items) checkItemId(id, MAX_ID_BYTES);
    if (items.length === 0) return;
    await this.#change(() => {
      for (const { id, body } of items) {
        const known = findItem(this.#database, id);
        if (known !== undefined && known.place !== 'dead') continue;
        const sequence = nextSequence(this.#database);
        putItem(this.#database, id, { body, sequence, attempt: 0, place: 'ready', due: 0, error: '' });
      }
    });
  }

  async receive(options: {
    max: number;
    leaseMs: number;
    waitMs: number;
    signal?: AbortSignal;
  }): Promise<Lease[]> {
    const { signal } = options;
    const deadline = Date.now() + options.waitMs;
    while (!signal?.aborted && !this.#closed) {
      const due = this.#nextDue();
      if (due <= Date.now()) {
        const leases = await this.#change(() => this.#take(options.max, options.leaseMs));
        if (signal?.aborted) return await this.#putBack(leases);
        if (leases.length > 0) return leases;
      } else {
        if (deadline <= Date.now()) return [];
        await this.#bell.wait(Math.min(due, deadline), signal);
      }
    }
    return [];
  }

  extend(receipt: string, leaseMs: number): Promise<boolean> {
    return this.#withLease(receipt, (id, item) => {
      putItem(this.#database, id, { ...item, due: Date.now() + leaseMs });
    });
  }

  done(receipt: string): Promise<boolean> {
    return this.#withLease(receipt, (id, item) => removeItem(this.#database, id, item));
  }

  retry(receipt: string, options: { delayMs: number; error: string }): Promise<boolean> {
    return this.#withLease(receipt, (id, item) => this.#fail(id, item, options.error, options.delayMs));
  }

  release(receipt: string): Promise<boolean> {
    return this.#withLease(receipt, (id, item) => {
      putItem(this.#database, id, { ...item, attempt: item.attempt - 1, place: 'ready', due: 0 });
    });
  }

  discard(id: string): Promise<boolean> {
    return this.#change(() => {
      const item = findItem(this.#database, id);
      if (item?.place !== 'dead') return false;
      removeItem(this.#database, id, item);
      return true;
    });
  }

  async counts(): Promise<{ waiting: number; leased: number; dead: number }> {
    await this.#sweepIfDue();
    return this.#environment.read(() => {
      const count = (where: Place) => countIn(this.#database, where);
      return { waiting: count('ready') + count('delayed'), leased: count('leased'), dead: count('dead') };
    });
  }

  async dead(): Promise<{ id: string; body: RowData; error: string }[]> {
    await this.#sweepIfDue();
    return this.#environment.read(() =>
      idsIn(this.#database, 'dead').map((id) => {
        const { body, error } = findItem(this.#database, id)!;
        return { id, body, error };
      }),
    );
  }

  /** Ends the waiting of receivers. The environment is closed by the caller that opened it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#bell.ring();
  }

  /** Releases every lease, as those of a process that is no more. */
  releaseAll(): Promise<void> {
    return this.#change(() => {
      for (const id of idsIn(this.#database, 'leased')) {
        this.#fail(id, findItem(this.#database, id)!, LEASE_RAN_OUT, 0);
      }
    });
  }

  async #change<T>(work: () => T): Promise<T> {
    const result = await this.#environment.write(work);
    this.#bell.ring();
    return result;
  }

  async #withLease(receipt: string, work: (id: string, item: Item) => void): Promise<boolean> {
    const { sequence, attempt, id } = parseReceipt(receipt);
    return this.#change(() => {
      const item = findItem(this.#database, id);
      const held =
        item?.place === 'leased' &&
        item.sequence === sequence &&
        item.attempt === attempt &&
        item.due > Date.now();
      if (held) work(id, item);
      return held;
    });
  }

  #take(max: number, leaseMs: number): Lease[] {
    this.#sweep();
    return idsIn(this.#database, 'ready', { limit: max }).map((id) => {
      const item = findItem(this.#database, id)!;
      const attempt = item.attempt + 1;
      putItem(this.#database, id, { ...item, attempt, place: 'leased', due: Date.now() + leaseMs });
      const receipt = receiptOf(id, item.sequence, attempt);
      return { id, body: item.body, attempt, ranOut: item.error === LEASE_RAN_OUT, receipt };
    });
  }

  /** Undoes deliveries that nobody waits for any more. */
  async #putBack(leases: readonly Lease[]): Promise<Lease[]> {
    for (const { receipt } of leases) await this.release(receipt);
    return [];
  }

  #fail(id: string, item: Item, error: string, delayMs: number): void {
    const next =
      item.attempt >= this.#maxAttempts
        ? { place: 'dead' as const, due: 0 }
        : delayMs > 0
          ? { place: 'delayed' as const, due: Date.now() + delayMs }
          : { place: 'ready' as const, due: 0 };
    putItem(this.#database, id, { ...item, ...next, error });
  }

  /** Moves what has come due by now: delays are over, leases have run out. */
  #sweep(): void {
    const dueBy = Date.now();
    for (const id of idsIn(this.#database, 'delayed', { dueBy })) {
      putItem(this.#database, id, { ...findItem(this.#database, id)!, place: 'ready', due: 0 });
    }
    for (const id of idsIn(this.#database, 'leased', { dueBy })) {
      this.#fail(id, findItem(this.#database, id)!, LEASE_RAN_OUT, 0);
    }
  }

  async #sweepIfDue(): Promise<void> {
    const due = this.#environment.read(() => this.#firstTimer());
    if (due <= Date.now()) await this.#change(() => this.#sweep());
  }

  /** When the next item can be taken, ms since the epoch: 0 for now, Infinity for an empty queue. */
  #nextDue(): number {
    return this.#environment.read(() =>
      idsIn(this.#database, 'ready', { limit: 1 }).length > 0 ? 0 : this.#firstTimer(),
    );
  }

  #firstTimer(): number {
    const times = [firstDue(this.#database, 'delayed'), firstDue(this.#database, 'leased')];
    return Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
  }
}

/**
 * Opens the work queue of that name in an environment. One process consumes it (claim the data directory
 * first), so opening releases every lease: the process that held them was killed. That counts as a failure of
 * those items, as any lease that runs out does; otherwise work that kills its process would come back for ever.
 * A dead item that is sent again starts afresh.
 *
 * @param options.maxAttempts deliveries before an item becomes dead; default 5
 */
export async function openLmdbQueue(
  environment: Environment,
  name: string,
  options: { maxAttempts?: number } = {},
): Promise<WorkQueue> {
  const queue = new LmdbQueue(environment, name, options.maxAttempts ?? DEFAULT_MAX_ATTEMPTS);
  await queue.releaseAll();
  return queue;
}
