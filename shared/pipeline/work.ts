/** The worker of the embedded default: takes work from the queue, one item at a time, until it is stopped. */

import { BlockragError, toBlockragError } from '../errors.ts';
import type { Lease } from '../storage/ports.ts';
import { MAX_ATTEMPTS } from '../stores.ts';
import { type EncodeWork, encodeBatch, failDocument, ingestVersion } from './ingest.ts';
import { retireItems, retireVersion } from './retire.ts';
import type { Services, VersionRef } from './services.ts';
import { ingestItem } from './submit.ts';
import { tidy } from './tidy.ts';

const LEASE_MS = 60_000;
const IDLE_WAIT_MS = 30_000;
const RETRY_DELAY_MS = 1_000;

/**
 * Gives up on what has failed too often, and sends again what a process killed between two writes may have left
 * unsent. Call it once, before the worker starts.
 */
export async function recoverWork(services: Services, tenants: readonly string[]): Promise<void> {
  const { catalog, queue } = services;
  // First, since an item sent again starts afresh.
  for (const { id, body, error } of await queue.dead()) {
    await giveUp(services, body as unknown as WorkBody, new BlockragError('internal', error));
    await queue.discard(id);
  }
  for (const tenant of tenants) {
    for (const document of await catalog.allDocuments(tenant)) {
      const { id, status, pending } = document;
      const items = retireItems(document);
      if (status === 'queued' && pending !== null) {
        items.push(ingestItem({ tenant, document: id, version: pending }));
      }
      if (items.length > 0) await queue.send(items);
    }
  }
}

type WorkBody =
  | ({ kind: 'ingest' | 'retire' } & VersionRef)
  | ({ kind: 'encode' } & EncodeWork)
  | { kind: 'tidy' };

/** What cannot be done for a document is told of the document; the rest comes up again by itself. */
async function giveUp(services: Services, body: WorkBody, error: BlockragError): Promise<void> {
  if (body.kind === 'ingest' || body.kind === 'encode') await failDocument(services, body, error);
}

export interface WorkerOptions {
  /** Told when the queue itself fails, which ends the worker. */
  failed: (error: unknown) => void;
  /** Ends after so many milliseconds without work; default: never. */
  idleMs?: number;
  /** How long work stays in the hands of a worker that was killed; default: 60 s. It is renewed all the while. */
  leaseMs?: number;
}

export class Worker {
  #services: Services;
  #stop = new AbortController();
  #done: Promise<void>;
  #options: WorkerOptions;

  /** Starts at once. */
  constructor(services: Services, options: WorkerOptions) {
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
    const { queue, logger } = this.#services;
    const { signal } = this.#stop;
    const { idleMs, leaseMs = LEASE_MS } = this.#options;
    try {
      while (!signal.aborted) {
        const waitMs = idleMs ?? IDLE_WAIT_MS;
        const leases = await queue.receive({ max: 1, leaseMs, waitMs, signal });
        if (leases.length === 0 && idleMs !== undefined) return;
        for (const lease of leases) await this.#process(lease, leaseMs);
      }
    } catch (error) {
      logger.error({ err: error }, 'the worker stopped');
      this.#options.failed(error);
    }
  }

  async #process(lease: Lease, leaseMs: number): Promise<void> {
    const { queue, logger } = this.#services;
    const body = lease.body as unknown as WorkBody;
    const renew = setInterval(() => {
      // A lease that runs out only means that the work is done twice.
      queue.extend(lease.receipt, leaseMs).catch(() => {});
    }, leaseMs / 3);
    try {
      await this.#handle(body);
      await queue.done(lease.receipt);
    } catch (thrown) {
      if (this.#stop.signal.aborted) {
        await queue.release(lease.receipt);
        return;
      }
      const error = toBlockragError(thrown);
      logger.warn({ work: lease.id, attempt: lease.attempt, code: error.code, err: thrown }, 'work failed');
      // A full disk is told at once, and what was stored of the version is removed: that may make room.
      if (lease.attempt >= MAX_ATTEMPTS || error.code === 'storage_full') {
        await giveUp(this.#services, body, error);
      }
      await queue.retry(lease.receipt, {
        delayMs: RETRY_DELAY_MS * 2 ** Math.min(lease.attempt, 6),
        error: error.message,
      });
    } finally {
      clearInterval(renew);
    }
  }

  async #handle(body: WorkBody): Promise<void> {
    const { signal } = this.#stop;
    switch (body.kind) {
      case 'ingest':
        return ingestVersion(this.#services, body, signal);
      case 'encode':
        return encodeBatch(this.#services, body, signal);
      case 'retire':
        return retireVersion(this.#services, body);
      case 'tidy':
        return tidy(this.#services);
      default:
        throw new Error('work of an unknown kind');
    }
  }
}
