/** The worker of the embedded default: takes work from the queue, one item at a time, until it is stopped. */
import { MAX_ATTEMPTS } from '../config.ts';
import { BlockragError, toBlockragError } from '../errors.ts';
import type { Lease } from '../storage/ports.ts';
import { type EncodeWork, encodeBatch, failDocument, ingestVersion } from './ingest.ts';
import { retireItems, retireVersion } from './retire.ts';
import type { Services, VersionRef } from './services.ts';
import { ingestItem } from './submit.ts';
import { tidy } from './tidy.ts';

const LEASE_MS = 60_000;
const RENEW_MS = 20_000;
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

export class Worker {
  #services: Services;
  #stop = new AbortController();
  #done: Promise<void>;
  #failed: (error: unknown) => void;

  /** Starts at once. @param failed told when the queue itself fails, which ends the worker */
  constructor(services: Services, failed: (error: unknown) => void) {
    this.#services = services;
    this.#failed = failed;
    this.#done = this.#run();
  }

  /** Stops after the step under way; what was in hand is delivered again later. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { queue, logger } = this.#services;
    const { signal } = this.#stop;
    try {
      while (!signal.aborted) {
        const leases = await queue.receive({ max: 1, leaseMs: LEASE_MS, waitMs: IDLE_WAIT_MS, signal });
        for (const lease of leases) await this.#process(lease);
      }
    } catch (error) {
      logger.error({ err: error }, 'the worker stopped');
      this.#failed(error);
    }
  }

  async #process(lease: Lease): Promise<void> {
    const { queue, logger } = this.#services;
    const body = lease.body as unknown as WorkBody;
    const renew = setInterval(() => {
      // A lease that runs out only means that the work is done twice.
      queue.extend(lease.receipt, LEASE_MS).catch(() => {});
    }, RENEW_MS);
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
