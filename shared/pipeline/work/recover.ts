/** Work that has failed too often, and work that a process killed between two writes has left unsent. */

import type { DocumentRow } from '../../catalog/catalog.ts';
import { BlockragError } from '../../errors.ts';
import type { RowData } from '../../storage/ports.ts';
import { type EncodeWork, encodeItems, failDocument } from '../intake/ingest.ts';
import { ingestItem } from '../intake/submit.ts';
import { gone, retireItems } from '../removal/retire.ts';
import type { Services, VersionRef } from '../services.ts';

export type WorkBody =
  | ({ kind: 'ingest' | 'retire' } & VersionRef)
  | ({ kind: 'encode' } & EncodeWork)
  | { kind: 'erase' | 'tidy' | 'sweep' };

/** What cannot be done for a document is told of the document; the rest comes up again by itself. */
export async function giveUp(services: Services, body: WorkBody, error: BlockragError): Promise<void> {
  if (body.kind === 'ingest' || body.kind === 'encode') await failDocument(services, body, error);
}

/** Both for all tenants. Call it once, before a worker starts that has no other beside it. */
export async function recoverWork(services: Services): Promise<void> {
  // First, since an item sent again starts afresh.
  await buryDead(services);
  for (const tenant of await services.catalog.tenants()) {
    await resendWork(services, tenant, { before: Number.POSITIVE_INFINITY });
  }
}

/** Gives up on what has failed too often; gives the number of such items. */
export async function buryDead(services: Services): Promise<number> {
  const { queue } = services;
  // Items whose last lease has run out are only noticed by whoever looks at all of them.
  await queue.counts();
  const dead = await queue.dead();
  for (const { id, body, error } of dead) {
    await giveUp(services, body as unknown as WorkBody, new BlockragError('internal', error));
    await queue.discard(id);
  }
  return dead.length;
}

/**
 * Sends what a tenant's documents wait for; what is in the queue is not sent twice, and what is done is not done
 * again. Gives the number of documents that wait.
 * @param options.before only documents that were last changed before; milliseconds since the epoch
 */
export async function resendWork(
  { catalog, queue }: Services,
  tenant: string,
  { before, signal }: { before: number; signal?: AbortSignal },
): Promise<number> {
  let waiting = 0;
  for await (const document of catalog.everyDocument(tenant)) {
    signal?.throwIfAborted();
    if (document.updated > before) continue;
    const items = [...retireItems(document), ...pendingItems(document)];
    if (document.status === 'deleting' && items.length === 0) {
      await catalog.updateDocument(tenant, document.id, gone);
    }
    if (items.length === 0) continue;
    await queue.send(items);
    waiting++;
  }
  return waiting;
}

function pendingItems({
  tenant,
  id,
  status,
  pending,
  passages,
}: DocumentRow): { id: string; body: RowData }[] {
  if (pending === null) return [];
  const ref = { tenant, document: id, version: pending };
  if (status === 'queued') return [ingestItem(ref)];
  return status === 'encoding' ? encodeItems(ref, passages) : [];
}
