/** Uses and stores KV. An object is durable before the row about it is written. */
import type { BlobUser } from '../../catalog/blobs.ts';
import { untilNoConflict } from '../../storage/table/conflicts.ts';
import type { KvBudget } from './budget.ts';
import { blobPath } from './location.ts';
import { beingDeleted, type KvStores, removeKv, resumeDeletion } from './remove-kv.ts';

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

/**
 * Records that a version uses blobs, before it looks whether they are stored; durable when it resolves.
 * @throws BlockragError `overloaded` while one of them is being deleted for longer than a moment
 */
export async function useKv(stores: KvStores, keys: readonly string[], user: BlobUser): Promise<void> {
  await untilNoConflict(async () => {
    const deletions = await stores.catalog.blobs.use(keys, user);
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
  services: KvStores & { budget: Pick<KvBudget, 'admit'> },
  { tenant, key, tokens, object, replace = false }: StorableKv,
  user: BlobUser,
): Promise<void> {
  const { blobs, catalog, budget } = services;
  const bytes = object.length;
  await useKv(services, [key], user);
  await budget.admit(bytes, () =>
    untilNoConflict(async () => {
      await blobs.put(blobPath(tenant, key), object, { replace });
      if (await catalog.blobs.put(key, { tenant, bytes, tokens }, user)) return;
      // The version was retired before there was a blob to delete with it.
      if (!(await catalog.blobs.isUsedBy(key, user))) return void (await removeKv(services, { tenant, key }));
      // It is evicted, perhaps with what was just put: once more, when that is over.
      for (const deletion of await catalog.deletions.of([key])) await resumeDeletion(services, deletion);
      throw beingDeleted();
    }),
  );
}
