/** The worker: takes items from the queue, several at a time, until it is stopped. */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { toBlockragError } from '../../errors.ts';
import { GroupGates } from '../../gate.ts';
import type { Lease } from '../../storage/ports.ts';
import { MAX_ATTEMPTS } from '../../stores/stores.ts';
import { type EncodeServices, encodeBatch } from '../intake/encode.ts';
import { type IngestServices, ingestVersion } from '../intake/ingest.ts';
import { LeftToOthers } from '../intake/make-again.ts';
import { reindex } from '../reindex/reindex.ts';
import { type RetireServices, retireVersion } from '../removal/retire.ts';
import { SWEEP_GRACE_MS, type SweepServices, sweep } from '../sweep/sweep.ts';
import { parseWork, type Work } from './items.ts';
import { giveUp } from './recover.ts';
import { erase, tidy } from './tidy.ts';

/** Items worked on at once: while one waits for a store another is computed, and their index writes are joined. */
const CONCURRENCY = 4;
/** How long an item stays with a worker that died before another worker can take it. */
export const LEASE_MS = 60_000;
/** Documents in hand at most that wait until another one of their tenant was read. */
const MAX_PARKED = 16;
const IDLE_WAIT_MS = 30_000;
const RETRY_DELAY_MS = 1_000;
/** How long work that is for others is left to them. */
const REST_MS = 10_000;

export interface WorkerOptions {
  /** Told when the queue itself fails, which ends the worker. */
  failed: (error: unknown) => void;
  /** Ends after so many milliseconds without work; default: never. */
  idleMs?: number;
  /** How long work stays in the hands of a worker that was killed; default: 60 s. It is renewed all the while. */
  leaseMs?: number;
}

/** What all kinds of work are done with. */
export type WorkerServices = IngestServices & EncodeServices & RetireServices & SweepServices;

export class Worker {
  #services: WorkerServices;
  #stop = new AbortController();
  #done: Promise<void>;
  #options: WorkerOptions;
  #running = new Set<Promise<void>>();
  #reading = new GroupGates();
  /** How many of what is in hand wait for others of their tenant to be read: they take nobody's place. */
  #parked = 0;
  /** Whether it has seen work that others are to do: it looks again later. */
  #resting = false;
  #failed = false;

  /** Starts at once. */
  constructor(services: WorkerServices, options: WorkerOptions) {
    // All that is in hand or parked listens to it, which is more than the ten that Node takes for a leak.
    setMaxListeners(0, this.#stop.signal);
    this.#services = services;
    this.#options = options;
    this.#done = this.#run();
  }

  /** Resolves when the worker has ended: stopped, failed, or idle for as long as it may be. */
  get ended(): Promise<void> {
    return this.#done;
  }

  /** Stops after the step under way; what was in hand is delivered again later. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stop.signal.aborted && (await this.#takeMore()));
    } catch (error) {
      this.#fail(error);
    }
    await Promise.all(this.#running);
  }

  /** Begins what the queue has, as far as there is room for more in hand; false when it had nothing for too long. */
  async #takeMore(): Promise<boolean> {
    const { queue } = this.#services;
    const { signal } = this.#stop;
    const { idleMs, leaseMs = LEASE_MS } = this.#options;
    if (this.#resting) {
      if (idleMs !== undefined) return false;
      await sleep(REST_MS, undefined, { signal }).catch(() => undefined);
      this.#resting = false;
    }
    // One that is done may make room for one that was parked, and for no other.
    while (this.#active >= CONCURRENCY || this.#parked >= MAX_PARKED) await Promise.race(this.#running);
    const idle = this.#running.size === 0;
    const max = CONCURRENCY - this.#active;
    const leases = await queue.receive({ max, leaseMs, waitMs: idleMs ?? IDLE_WAIT_MS, signal });
    if (leases.length === 0 && idle) return idleMs === undefined;
    const first = leases.findIndex(isAlone);
    const rest = first < 0 ? [] : leases.splice(first);
    for (const lease of leases) this.#begin(lease, leaseMs);
    const alone = this.#running.size === 0 ? rest.shift() : undefined;
    for (const { receipt } of rest) await queue.release(receipt);
    if (alone !== undefined) await this.#process(alone, leaseMs);
    else if (rest.length > 0) await Promise.all(this.#running);
    return true;
  }

  get #active(): number {
    return this.#running.size - this.#parked;
  }

  /** One document of a tenant at a time: one that takes long keeps only its own tenant's waiting. */
  async #ingest(work: Extract<Work, { kind: 'ingest' }>): Promise<void> {
    const { signal } = this.#stop;
    let parked = !this.#reading.isFree(work.tenant);
    const leave = () => {
      if (parked) this.#parked--;
      parked = false;
    };
    if (parked) this.#parked++;
    const ingest = () => {
      leave();
      return ingestVersion(this.#services, work, signal);
    };
    await this.#reading.run(work.tenant, ingest, signal).finally(leave);
  }

  #begin(lease: Lease, leaseMs: number): void {
    const running = this.#process(lease, leaseMs)
      .catch((error) => this.#fail(error))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** The queue failed: ends the worker, and what is in hand with it. */
  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#services.logger.error({ err: error }, 'the worker stopped');
    this.#options.failed(error);
    this.#stop.abort();
  }

  /** @throws what the queue throws; failed work is given back to it */
  async #process(lease: Lease, leaseMs: number): Promise<void> {
    const { queue, logger } = this.#services;
    let work: Work | undefined;
    const renew = setInterval(() => {
      // A lease that runs out only means that the work is done twice.
      queue.extend(lease.receipt, leaseMs).catch(() => {});
    }, leaseMs / 3);
    try {
      work = parseWork(lease.body);
      await this.#handle(work);
      await queue.done(lease.receipt);
    } catch (thrown) {
      if (this.#stop.signal.aborted) {
        await queue.release(lease.receipt);
        return;
      }
      if (thrown instanceof LeftToOthers) {
        await queue.release(lease.receipt);
        this.#resting = true;
        return;
      }
      const error = toBlockragError(thrown);
      logger.warn({ work: lease.id, attempt: lease.attempt, code: error.code, err: thrown }, 'work failed');
      // A full disk is told at once, and what was stored of the version is removed: that may make room.
      if (work !== undefined && (lease.attempt >= MAX_ATTEMPTS || error.code === 'storage_full')) {
        await giveUp(this.#services, work, error);
      }
      await queue.retry(lease.receipt, {
        delayMs: RETRY_DELAY_MS * 2 ** Math.min(lease.attempt, 6),
        error: error.message,
      });
    } finally {
      clearInterval(renew);
    }
  }

  async #handle(work: Work): Promise<void> {
    const { signal } = this.#stop;
    switch (work.kind) {
      case 'ingest':
        return this.#ingest(work);
      case 'encode':
        return encodeBatch(this.#services, work, signal);
      case 'retire':
        return retireVersion(this.#services, work);
      case 'erase':
        return erase(this.#services, { signal });
      case 'tidy':
        return tidy(this.#services, { signal });
      case 'sweep':
        await sweep(this.#services, { graceMs: SWEEP_GRACE_MS, signal });
        return;
      case 'reindex':
        await reindex(this.#services, signal);
    }
  }
}

/**
 * What may have taken its process with it, lest it take other work with it; and what erases, which is not sent again
 * for what is deleted while it is in hand.
 */
function isAlone({ ranOut, body }: Lease): boolean {
  return ranOut || body.kind === 'erase' || body.kind === 'sweep';
}
