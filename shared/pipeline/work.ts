/** The worker of the embedded default: takes work from the queue, one item at a time, until it is stopped. */
import { MAX_ATTEMPTS } from '../config.ts';
import { toBlockragError } from '../errors.ts';
import type { Lease } from '../storage/ports.ts';
import {
  type EncodeWork,
  encodeBatch,
  failDocument,
  ingestItem,
  ingestVersion,
  type VersionRef,
} from './ingest.ts';
import { retireItems, retireVersion } from './retire.ts';
import type { Services } from './services.ts';

const LEASE_MS = 60_000;
const RENEW_MS = 20_000;
const IDLE_WAIT_MS = 30_000;
const RETRY_DELAY_MS = 1_000;

/**
 * Sends again what a process killed between two writes may have left unsent, and gives up on what has failed
 * too often. Call it once, before the worker starts.
 */
export async function recoverWork({ catalog, queue, ...rest }: Services, tenants: readonly string[]) {
  const services = { catalog, queue, ...rest };
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
  for (const { body, error } of await queue.dead()) {
    if (body.kind === 'retire') continue;
    await failDocument(services, body as unknown as VersionRef, toBlockragError(new Error(error)));
  }
}

export class Worker {
  #services: Services;
  #stop = new AbortController();
  #done: Promise<void>;
  #failed: (error: unknown) => void;
  /** Whether the index has changed since it was last optimised, and rows since they were last scrubbed. */
  #unoptimized = false;
  #unscrubbed = false;

  /** Starts at once. @param failed told when the queue itself fails, which ends the worker */
  constructor(services: Services, failed: (error: unknown) => void) {
    this.#services = services;
    this.#failed = failed;
    this.#done = this.#run();
  }

  /** True while there is no item in hand but index and catalog are still to be tidied up. */
  get tidying(): boolean {
    return this.#unoptimized;
  }

  /** Stops after the step under way; what was in hand is delivered again later. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { catalog, queue, index, logger } = this.#services;
    const { signal } = this.#stop;
    try {
      while (!signal.aborted) {
        const waitMs = this.#unoptimized ? 0 : IDLE_WAIT_MS;
        const [lease] = await queue.receive({ max: 1, leaseMs: LEASE_MS, waitMs, signal });
        if (lease !== undefined) {
          await this.#process(lease);
          this.#unoptimized ||= lease.body.kind !== 'ingest';
          this.#unscrubbed ||= lease.body.kind === 'retire';
        } else if (this.#unoptimized && !signal.aborted) {
          await index.optimize();
          if (this.#unscrubbed) await catalog.scrub();
          this.#unoptimized = false;
          this.#unscrubbed = false;
        }
      }
    } catch (error) {
      logger.error({ err: error }, 'the worker stopped');
      this.#failed(error);
    }
  }

  async #process(lease: Lease): Promise<void> {
    const { queue, logger } = this.#services;
    const renew = setInterval(() => void queue.extend(lease.receipt, LEASE_MS), RENEW_MS);
    try {
      await this.#handle(lease);
      await queue.done(lease.receipt);
    } catch (thrown) {
      const error = toBlockragError(thrown);
      if (this.#stop.signal.aborted) return;
      logger.warn({ work: lease.id, attempt: lease.attempt, code: error.code, err: thrown }, 'work failed');
      // A full disk is told at once, and what was stored of the version is removed: that may make room.
      const hopeless = lease.attempt >= MAX_ATTEMPTS || error.code === 'storage_full';
      if (hopeless && lease.body.kind !== 'retire') {
        await failDocument(this.#services, lease.body as unknown as VersionRef, error);
      }
      await queue.retry(lease.receipt, {
        delayMs: RETRY_DELAY_MS * 2 ** Math.min(lease.attempt, 6),
        error: error.message,
      });
    } finally {
      clearInterval(renew);
    }
  }

  async #handle({ id, body }: Lease): Promise<void> {
    const { signal } = this.#stop;
    switch (body.kind) {
      case 'ingest':
        return ingestVersion(this.#services, body as unknown as VersionRef, signal);
      case 'encode':
        return encodeBatch(this.#services, body as unknown as EncodeWork, signal);
      case 'retire':
        return retireVersion(this.#services, body as unknown as VersionRef);
      default:
        throw new Error(`work of an unknown kind: ${id}`);
    }
  }
}
