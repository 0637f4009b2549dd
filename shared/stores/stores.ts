/** The drivers that one system works on, whatever they store things in. */
import type { Tier } from '../metrics.ts';
import type { PassageIndex } from '../retrieval/ports.ts';
import type { Ownership } from '../storage/lmdb/ownership.ts';
import type { BlobStore, DocumentSource, Doorbell, Table, WorkQueue } from '../storage/ports.ts';

/** Name of the work queue in the table. */
export const WORK_QUEUE = 'work';

/** The most deliveries of one work item. It is generous, because each kill of a process counts as one. */
export const MAX_ATTEMPTS = 10;

/** Drivers of the ports. Each may be replaced by a driver of your own. */
export interface Stores {
  blobs: BlobStore;
  table: Table;
  queue: WorkQueue;
  index: PassageIndex;
  /** Where blobs are read from, for the metrics. */
  tier: Tier;
  /** The bucket that users put documents into, where there is one. */
  source?: DocumentSource | undefined;
  /** Rung whenever work was sent, where workers elsewhere wait for it. */
  bell?: Doorbell | undefined;
  /** Held where only one process may work on these stores; without it any number of instances share them. */
  ownership?: Ownership | undefined;
  /** Closes all of them, and gives the ownership back. */
  close(): Promise<void>;
}

/** Stores whose `close` closes each of them. */
export function closable(stores: Omit<Stores, 'close'>): Stores {
  const { queue, table, blobs, index, source, bell } = stores;
  const close = async () => {
    await queue.close();
    await Promise.all([table, blobs, index, source, bell].map((store) => store?.close()));
  };
  return { ...stores, close };
}
