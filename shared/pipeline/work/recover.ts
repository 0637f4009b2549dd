/** Deals with work that failed too often, and sends work that a process was killed before sending. */
import type { Catalog } from '../../catalog/catalog.ts';
import { gone } from '../../catalog/document-transitions.ts';
import { BlockragError } from '../../errors.ts';
import type { RowData } from '../../storage/ports.ts';
import { type FailServices, failDocument } from '../intake/pending.ts';
import type { Services } from '../services.ts';
import { parseWork, pendingItems, retireItems, type Work } from './items.ts';

/** What sending work again works with. */
export type ResendServices = Pick<Services, 'queue'> & { catalog: Pick<Catalog, 'documents'> };

/** Failures of a document are recorded in its row; other work is found again by the next sweep or start. */
export async function giveUp(services: FailServices, work: Work, error: BlockragError): Promise<void> {
  if (work.kind === 'ingest' || work.kind === 'encode') await failDocument(services, work, error);
}

/** Both for all tenants. Call it once, before a worker starts that has no other beside it. */
export async function recoverWork(
  services: FailServices & { catalog: Pick<Catalog, 'documents' | 'tenants'> },
): Promise<void> {
  // First, since an item sent again starts afresh.
  await buryDead(services);
  for (const tenant of await services.catalog.tenants.all()) {
    await resendWork(services, tenant, { before: Number.POSITIVE_INFINITY });
  }
}

/** Gives up on what has failed too often; gives the number of such items. */
export async function buryDead(services: FailServices): Promise<number> {
  const { queue } = services;
  // Items whose last lease has run out are only noticed by whoever looks at all of them.
  await queue.counts();
  const dead = await queue.dead();
  for (const { id, body, error } of dead) {
    const work = workOf(services, { id, body });
    if (work !== undefined) await giveUp(services, work, new BlockragError('internal', error));
    await queue.discard(id);
  }
  return dead.length;
}

/** What an item says; nothing where another version of this program sent what this one does not know. */
function workOf({ logger }: Pick<Services, 'logger'>, { id, body }: { id: string; body: RowData }) {
  try {
    return parseWork(body);
  } catch (error) {
    logger.warn({ work: id, err: error }, 'work that failed too often was dropped');
    return undefined;
  }
}

/**
 * Sends what a tenant's documents wait for; what is in the queue is not sent twice, and what is done is not done
 * again. Gives the number of documents that wait.
 * @param options.before only documents that were last changed before; milliseconds since the epoch
 */
export async function resendWork(
  { catalog, queue }: ResendServices,
  tenant: string,
  { before, signal }: { before: number; signal?: AbortSignal },
): Promise<number> {
  let waiting = 0;
  for await (const document of catalog.documents.every(tenant)) {
    signal?.throwIfAborted();
    if (document.updated > before) continue;
    const items = [...retireItems(document), ...pendingItems(document)];
    if (document.status === 'deleting' && items.length === 0) {
      await catalog.documents.update(tenant, document.id, (current) => current && gone(current));
    }
    if (items.length === 0) continue;
    await queue.send(items);
    waiting++;
  }
  return waiting;
}
