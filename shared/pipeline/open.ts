/** Opens the system over any stores: the embedded ones of a data directory, those of AWS, or one's own. */
import type { Config } from '../config.ts';
import type { Doorbell, WorkQueue } from '../storage/ports.ts';
import type { Stores } from '../stores/stores.ts';
import { PresignedUploads } from './intake/uploads-presigned.ts';
import { type Opened, openServices, type ServiceOptions } from './open-services.ts';
import { checkIndex } from './reindex/reindex.ts';
import { endThreads, type Services } from './services.ts';
import { beginEpoch } from './sweep/epoch.ts';
import { System } from './system.ts';
import { recoverWork } from './work/recover.ts';
import { requeueOutdated } from './work/requeue.ts';

export interface OpenOptions extends ServiceOptions {
  /** Whether this process does the work that uploads and deletions leave (default), or leaves it to others. */
  works?: boolean | undefined;
  /** Takes the catalog as it is, although the stored documents belong to another or a newer one. */
  adoptCatalog?: boolean | undefined;
}

/**
 * Opens the system, fetching and compiling the models first if need be. The stores are its own from then on: they are
 * closed with it, and also when it cannot be opened.
 * @throws BlockragError those of `openServices`
 */
export async function openOver(stores: Stores, config: Config, options: OpenOptions = {}): Promise<System> {
  const { works = true } = options;
  let opened: Opened | undefined;
  try {
    const queue = stores.bell === undefined ? stores.queue : ringing(stores.queue, stores.bell);
    opened = await openServices({ ...stores, queue }, config, options);
    if (works) await beginEpoch(opened.services, { adopt: options.adoptCatalog ?? false });
    // Where other processes work beside this one, the sweep does the same, bit by bit.
    if (stores.ownership !== undefined) await takeUpWork(opened.services);
    else if (config.otherSettings === 'reencode' && works) await requeueAll(opened.services);
    return new System({ ...opened, stores, works, config, uploads: uploadsOf(stores, config) });
  } catch (error) {
    if (opened !== undefined) await endThreads(opened.services);
    await stores.close();
    throw error;
  }
}

async function takeUpWork(services: Services): Promise<void> {
  await requeueAll(services);
  await recoverWork(services);
  await checkIndex(services);
}

async function requeueAll(services: Services): Promise<void> {
  for (const tenant of await services.catalog.tenants.all()) await requeueOutdated(services, tenant);
}

function uploadsOf({ source }: Stores, { maxDocumentBytes }: Config): PresignedUploads | undefined {
  return source && new PresignedUploads(source, { maxBytes: maxDocumentBytes });
}

/** The queue with a bell that rings whenever something was added. */
function ringing(queue: WorkQueue, bell: Doorbell): WorkQueue {
  return {
    send: async (items) => {
      await queue.send(items);
      if (items.length > 0) await bell.ring();
    },
    receive: (options) => queue.receive(options),
    extend: (receipt, leaseMs) => queue.extend(receipt, leaseMs),
    done: (receipt) => queue.done(receipt),
    retry: (receipt, options) => queue.retry(receipt, options),
    release: (receipt) => queue.release(receipt),
    discard: (id) => queue.discard(id),
    counts: () => queue.counts(),
    backlog: (most) => queue.backlog(most),
    dead: () => queue.dead(),
    close: () => queue.close(),
  };
}
