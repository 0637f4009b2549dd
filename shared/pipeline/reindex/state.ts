/**
 * Whether the index holds what the catalog says. While it does not, whoever searches is told to come back: an index that
 * lacks passages would answer that nothing is relevant.
 *
 * partition  sort   row
 * data       index  done, total: passages that were lacking; damaged: it is begun anew
 */
import type { Catalog } from '../../catalog/catalog.ts';
import { BlockragError, isBlockragError } from '../../errors.ts';
import type { Services } from '../services.ts';
import { REINDEX_ITEM } from '../work/items.ts';

/** How far the index is filled again. */
export type IndexProgress = { done: number; total: number; damaged?: boolean };

const ROW = { partition: 'data', sort: 'index' };
const RETRY_SECONDS = 10;

/** What telling of a lost index works with. */
export type SuspectServices = Pick<Services, 'logger' | 'queue'> & { catalog: Pick<Catalog, 'table'> };

/** Undefined: the index holds all of it, as far as is known. */
export async function indexProgress({
  catalog: { table },
}: Pick<SuspectServices, 'catalog'>): Promise<IndexProgress | undefined> {
  return (await table.get(ROW.partition, ROW.sort))?.data as IndexProgress | undefined;
}

/** Notes how far it is; undefined: done. */
export async function noteProgress(
  { catalog: { table } }: Pick<SuspectServices, 'catalog'>,
  progress: IndexProgress | undefined,
): Promise<void> {
  await table.write([progress === undefined ? { delete: ROW } : { put: { ...ROW, data: progress } }]);
}

/** @throws BlockragError `index_rebuilding` while the index lacks passages */
export async function requireIndex(services: Pick<SuspectServices, 'catalog'>): Promise<void> {
  const progress = await indexProgress(services);
  if (progress !== undefined) throw rebuilding(progress);
}

/** From now on whoever searches is told to come back, until a worker has filled the index. */
export async function suspectIndex(
  services: SuspectServices,
  { damaged = false, total = 0 }: { damaged?: boolean; total?: number },
): Promise<BlockragError> {
  const known = await indexProgress(services);
  const progress = { done: 0, total, damaged: damaged || known?.damaged === true };
  if (known === undefined || progress.damaged !== (known.damaged === true)) {
    await noteProgress(services, progress);
    const error = rebuilding(progress);
    services.logger.error({ code: error.code, damaged, passages: total }, 'the index lacks passages');
  }
  // After the row: a worker that is faster would find nothing to do.
  await services.queue.send([REINDEX_ITEM]);
  return rebuilding(known ?? progress);
}

/** Whether an error of an index says that its files are damaged. */
export function saysDamaged(error: unknown): boolean {
  return isBlockragError(error, 'storage_failed') && error.data.damaged === true;
}

function rebuilding({ done, total }: IndexProgress): BlockragError {
  const far = total === 0 ? '' : ` (${done} of ${total} passages)`;
  return new BlockragError(
    'index_rebuilding',
    `The search index was lost or damaged and is being filled again from the catalog${far}: try again soon.`,
    { data: { done, total, retryAfter: RETRY_SECONDS } },
  );
}
