/** Work after the work: the index compacted, deleted text overwritten, what is over or nobody knows of removed. */
import { removeExpiredRequests } from './idempotency.ts';
import type { Services } from './services.ts';
import { removeExpiredUploads } from './uploads.ts';

/** An upload's bytes are stored before its row: younger ones may still get theirs. */
const ORPHAN_AGE_MS = 3_600_000;

export async function tidy(services: Services): Promise<void> {
  const { index, catalog, budget } = services;
  await index.optimize();
  await catalog.scrub();
  await removeOrphans(services);
  await removeExpiredRequests(catalog.table);
  await removeExpiredUploads(catalog.table);
  await budget.enforce();
}

async function removeOrphans({ blobs, catalog }: Services): Promise<void> {
  for await (const { key, modified } of blobs.list('originals')) {
    if (Date.now() - modified < ORPHAN_AGE_MS) continue;
    const [, tenant, id, version] = key.split('/') as [string, string, string, string];
    const document = await catalog.document(tenant, id);
    const known = [document?.version, document?.pending, ...(document?.retiring ?? [])];
    if (!known.includes(version)) await blobs.delete(key);
  }
}
