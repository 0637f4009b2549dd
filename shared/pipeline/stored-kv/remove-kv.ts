/**
 * Deletes KV while any number of workers use and delete it. Why no worker loses a blob that it needs is explained in
 * catalog/deletions.ts.
 */
import type { Catalog } from '../../catalog/catalog.ts';
import type { Deletion } from '../../catalog/deletions.ts';
import { BlockragError } from '../../errors.ts';
import type { BlobStore } from '../../storage/ports.ts';
import { untilNoConflict } from '../../storage/table/conflicts.ts';
import { blobPath } from './location.ts';

/** What stored KV consists of: objects, and the rows about them. */
export interface KvStores {
  blobs: BlobStore;
  catalog: Pick<Catalog, 'blobs' | 'deletions'>;
}

/** A deleter gives up after this time, because another worker may have taken its deletion over and finished it. */
const DELETER_MS = 30_000;
/** After this time a deleter counts as dead. The margin allows for a slow last request and for clocks that differ. */
const ABANDONED_MS = 120_000;

/**
 * Deletes a blob that no version uses; with `evicts` also one that is used, to make room.
 * @returns false when it is used, and stays
 * @throws BlockragError `storage_failed`, `overloaded` while another deletes it for longer than a moment
 */
export async function removeKv(
  stores: KvStores,
  { tenant, key, evicts = false }: { tenant: string; key: string; evicts?: boolean },
): Promise<boolean> {
  return untilNoConflict(async () => {
    const deletion = await stores.catalog.deletions.begin({ tenant, key, evicts, since: Date.now() });
    if (deletion !== undefined) return finishDeletion(stores, deletion);
    // The other one may leave it, for a version that has dropped it since: it is looked at again after that.
    for (const other of await stores.catalog.deletions.of([key])) await resumeDeletion(stores, other);
    throw beingDeleted();
  });
}

/** Brings a deletion to its end whose deleter has died; false when it is still at it, or another was faster. */
export async function resumeDeletion(
  stores: KvStores,
  deletion: Deletion,
  now: number = Date.now(),
): Promise<boolean> {
  if (now - deletion.since < ABANDONED_MS) return false;
  const mine = await stores.catalog.deletions.takeOver(deletion, Date.now());
  if (mine === undefined) return false;
  await finishDeletion(stores, mine);
  return true;
}

async function finishDeletion({ catalog, blobs }: KvStores, deletion: Deletion): Promise<boolean> {
  const { key, tenant, since, evicts } = deletion;
  const inTime = () => Date.now() - since < DELETER_MS;
  try {
    if (!evicts && (await catalog.blobs.usersOf(key, 1)).length > 0) {
      if (inTime()) await catalog.deletions.abandon(deletion);
      return false;
    }
    if (!inTime()) throw beingDeleted();
    await blobs.delete(blobPath(tenant, key));
    if (inTime()) await catalog.deletions.end(deletion);
    return true;
  } catch (error) {
    // Who wants it need not wait until this one is taken for dead.
    if (inTime()) await catalog.deletions.abandon(deletion).catch(() => {});
    throw error;
  }
}

/** Makes `untilNoConflict` try again. */
export function beingDeleted(): BlockragError {
  return new BlockragError('conflict', 'A stored block is just being deleted.');
}
