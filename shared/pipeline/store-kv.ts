/** Storing KV: the blob first, then the rows that tell of it. */
import type { BlobUser } from '../storage/catalog-blobs.ts';
import { blobPath, type Services } from './services.ts';

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
 * Stores a block's KV and records who uses it; durable when it resolves. A blob larger than the whole budget is
 * not stored, only its use is recorded.
 * @throws BlockragError `storage_full`, `storage_failed`
 */
export async function storeKv(
  { blobs, catalog, budget }: Pick<Services, 'blobs' | 'catalog' | 'budget'>,
  { tenant, key, tokens, object, replace = false }: StorableKv,
  user: BlobUser,
): Promise<void> {
  const bytes = object.length;
  const stored = await budget.admit(bytes, async () => {
    await blobs.put(blobPath(tenant, key), object, { replace });
    await catalog.putBlob(key, { tenant, bytes, tokens }, user);
  });
  if (!stored) await catalog.useBlob(key, user);
}
