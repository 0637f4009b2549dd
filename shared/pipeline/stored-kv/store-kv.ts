/**
 * Storing and deleting KV, with any number of workers at it: catalog/deletions.ts says why neither loses what the
 * other needs. The object is durable before the row that tells of it.
 */

import type { BlobUser } from '../../catalog/blobs.ts';
import type { Deletion } from '../../catalog/deletions.ts';
import { BlockragError, isBlockragError } from '../../errors.ts';
import { untilNoConflict } from '../../storage/table/conflicts.ts';
import { blobPath, type Services } from '../services.ts';

export interface StorableKv {
  tenant: string;
  key: string;
  /** How many the block has. */
  tokens: number;
  /** As kv/blob.ts encodes it. */
  object: Uint8Array;
  /** To put it in the place of a damaged one. */
  replace?: boolean;
}

type KvStores = Pick<Services, 'blobs' | 'catalog'>;

/** So long after it began a deleter lets things be: another may have taken its deletion over, and ended it. */
const DELETER_MS = 30_000;
/** After so long a deleter is taken for dead. The rest is for a last request that is slow, and for clocks. */
const ABANDONED_MS = 120_000;

/**
 * Records that a version uses blobs, before it looks whether they are stored; durable when it resolves.
 * @throws BlockragError `overloaded` while one of them is being deleted for longer than a moment
 */
export async function useKv(stores: KvStores, keys: readonly string[], user: BlobUser): Promise<void> {
  await untilNoConflict(async () => {
    const deletions = await stores.catalog.useBlobs(keys, user);
    if (deletions.length === 0) return;
    for (const deletion of deletions) await resumeDeletion(stores, deletion);
    throw beingDeleted();
  });
}

/**
 * Records that a version uses a block's KV, and stores it; durable when it resolves. A blob larger than the whole
 * budget is not stored, and none for a version that was retired meanwhile.
 * @throws BlockragError `storage_full`, `storage_failed`, `overloaded`
 */
export async function storeKv(
  services: Pick<Services, 'blobs' | 'catalog' | 'budget'>,
  { tenant, key, tokens, object, replace = false }: StorableKv,
  user: BlobUser,
): Promise<void> {
  const { blobs, catalog, budget } = services;
  const bytes = object.length;
  await useKv(services, [key], user);
  await budget.admit(bytes, () =>
    untilNoConflict(async () => {
      await blobs.put(blobPath(tenant, key), object, { replace });
      try {
        await catalog.putBlob(key, { tenant, bytes, tokens }, user);
      } catch (error) {
        if (!isBlockragError(error, 'conflict')) throw error;
        // The version was retired before there was a blob to delete with it.
        if (!(await catalog.usesBlob(key, user))) return void (await removeKv(services, { tenant, key }));
        // It is evicted, perhaps with what was just put: once more, when that is over.
        for (const deletion of await catalog.deletionsOf([key])) await resumeDeletion(services, deletion);
        throw error;
      }
    }),
  );
}

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
    const deletion = await stores.catalog.beginDeletion({ tenant, key, evicts, since: Date.now() });
    if (deletion !== undefined) return finishDeletion(stores, deletion);
    // The other one may leave it, for a version that has dropped it since: it is looked at again after that.
    for (const other of await stores.catalog.deletionsOf([key])) await resumeDeletion(stores, other);
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
  const mine = await stores.catalog.takeOverDeletion(deletion, Date.now());
  if (mine === undefined) return false;
  await finishDeletion(stores, mine);
  return true;
}

async function finishDeletion({ catalog, blobs }: KvStores, deletion: Deletion): Promise<boolean> {
  const { key, tenant, since, evicts } = deletion;
  const inTime = () => Date.now() - since < DELETER_MS;
  try {
    if (!evicts && (await catalog.usersOfBlob(key, 1)).length > 0) {
      if (inTime()) await catalog.abandonDeletion(deletion);
      return false;
    }
    if (!inTime()) throw beingDeleted();
    await blobs.delete(blobPath(tenant, key));
    if (inTime()) await catalog.endDeletion(deletion);
    return true;
  } catch (error) {
    // Who wants it need not wait until this one is taken for dead.
    if (inTime()) await catalog.abandonDeletion(deletion).catch(() => {});
    throw error;
  }
}

function beingDeleted(): BlockragError {
  return new BlockragError('conflict', 'A stored block is just being deleted.');
}
