/** The system on AWS: the same use cases over S3, DynamoDB and LanceDB on S3. One for each instance of a function. */
import { type CloudConfig, loadCloudConfig, loadConfig } from '../config.ts';
import type { DocumentSource, Doorbell, WorkQueue } from '../storage/ports.ts';
import { openCloudDispatch, openCloudDocuments, openCloudStores } from '../stores.ts';
import { createLogger } from '../telemetry.ts';
import { Blockrag } from './blockrag.ts';
import { PresignedUploads } from './intake/uploads-presigned.ts';
import { openServices } from './open.ts';
import { Dispatch } from './work/dispatch.ts';

export interface CloudBlockrag {
  blockrag: Blockrag;
  documents: DocumentSource;
  dispatch: Dispatch;
  config: CloudConfig;
}

export interface CloudOptions {
  /** Whether whatever is sent to the work queue wakes a worker: for those who do not work themselves. */
  wakes: boolean;
  /** As in `ServiceOptions`; what is outdated then is the next sweep's. */
  reencode?: boolean;
}

/**
 * Opens what the environment names (config.ts). The model is the one in BLOCKRAG_CACHE: in the image it was compiled
 * when the image was built.
 * @throws BlockragError as `openServices`, `invalid_option`
 */
export async function openCloud(options: CloudOptions): Promise<CloudBlockrag> {
  const config = loadConfig();
  const cloud = loadCloudConfig();
  const logger = createLogger(process.env.BLOCKRAG_LOG ?? 'info');
  const stores = await openCloudStores(cloud);
  const { bell, jobs } = await openCloudDispatch(cloud);
  const documents = await openCloudDocuments(cloud, config.maxDocumentBytes);
  const queue = options.wakes ? waking(stores.queue, bell) : stores.queue;
  const closeStores = async () => {
    await stores.close();
    await Promise.all([bell.close(), jobs?.close(), documents.close()]);
  };
  const { reencode } = options;
  const opened = await openServices({ ...stores, queue }, config, { logger, documents, reencode }).catch(
    async (error: unknown) => {
      await closeStores();
      throw error;
    },
  );
  return {
    blockrag: new Blockrag({
      ...opened,
      uploads: new PresignedUploads(documents, { maxBytes: config.maxDocumentBytes }),
      maxAnswers: config.maxAnswers,
      closeStores,
    }),
    documents,
    dispatch: new Dispatch({ bell, jobs, jobPassages: cloud.batchPassages }),
    config: cloud,
  };
}

/**
 * `openCloud` for a function whose instance takes many events: it begins at once, an error is the first event's, and
 * the next event tries again.
 * @returns what is opened; with other options only if it is not yet
 */
export function cloudOpener(options: CloudOptions): (more?: Partial<CloudOptions>) => Promise<CloudBlockrag> {
  let opened: Promise<CloudBlockrag> | undefined;
  const open = (more: Partial<CloudOptions> = {}) => {
    opened ??= openCloud({ ...options, ...more }).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  open().catch(() => {});
  return open;
}

/** The queue with a bell that rings whenever something was added. */
function waking(queue: WorkQueue, bell: Doorbell): WorkQueue {
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
    dead: () => queue.dead(),
    close: () => queue.close(),
  };
}
