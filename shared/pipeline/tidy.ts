/** Work after the work: the index compacted, deleted text overwritten, uploads that nobody knows of removed. */
import type { RowData } from '../storage/ports.ts';
import type { Services } from './services.ts';

/** An upload's bytes are stored before its row: younger ones may still get theirs. */
const ORPHAN_AGE_MS = 3_600_000;

/** One item at most waits: the queue is first in, first out, so it comes after all that is waiting now. */
export const TIDY_ITEM: { id: string; body: RowData } = { id: 'tidy', body: { kind: 'tidy' } };

export async function tidy(services: Services): Promise<void> {
  const { index, catalog } = services;
  await index.optimize();
  await catalog.scrub();
  await removeOrphans(services);
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
