/** Compares the index with the catalog, and fills it again from there: the texts are in the catalog. */
import type { DocumentRow } from '../../catalog/catalog.ts';
import { type IndexServices, indexVersion } from '../intake/index-version.ts';
import type { Services } from '../services.ts';
import { TIDY_ITEM, type VersionRef } from '../work/items.ts';
import { indexProgress, noteProgress, saysDamaged, suspectIndex } from './state.ts';

/** What filling the index works with. */
export type ReindexServices = IndexServices & Pick<Services, 'logger' | 'queue'>;

/** A version that answers, and passages of which the index lacks some. */
type Missing = VersionRef & { collection: string; metadata: DocumentRow['metadata']; passages: number };

/** How often the index is compared at most: documents come and go meanwhile. */
const ROUNDS = 3;
const NOTE_MS = 1_000;

/**
 * Looks whether the index has all passages of the versions that answer. Where it lacks some, searches are refused as
 * `index_rebuilding` from now on, and work is sent that fills it.
 * @returns the number of passages that it lacks
 */
export async function checkIndex(services: ReindexServices): Promise<number> {
  try {
    const lacking = sumOf(await missingVersions(services));
    // What an earlier process found and did not get done goes on, too.
    if (lacking > 0 || (await indexProgress(services)) !== undefined) {
      await suspectIndex(services, { total: lacking });
    }
    return lacking;
  } catch (error) {
    if (!saysDamaged(error)) throw error;
    const total = sumOf(await missingVersions(services, new Map()));
    await suspectIndex(services, { damaged: true, total });
    return total;
  }
}

/**
 * Puts into the index what it lacks, after it was begun anew if it was damaged. May be broken off and run again: what is
 * there is not made twice.
 * @param options.anew begins anew in any case
 * @returns the number of passages that were put into it
 */
export async function reindex(
  services: ReindexServices,
  signal: AbortSignal,
  { anew = false, onProgress }: { anew?: boolean; onProgress?: (done: number, total: number) => void } = {},
): Promise<number> {
  const { index, logger, queue } = services;
  if (anew || ((await indexProgress(services))?.damaged === true && (await isDamaged(services)))) {
    const total = sumOf(await missingVersions(services, new Map()));
    await noteProgress(services, { done: 0, total, damaged: true });
    await index.reset();
    await noteProgress(services, { done: 0, total });
  }
  let done = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const missing = await missingVersions(services);
    if (missing.length === 0) break;
    const total = done + sumOf(missing);
    let noted = 0;
    for (const version of missing) {
      signal.throwIfAborted();
      if (Date.now() - noted >= NOTE_MS) {
        await noteProgress(services, { done, total });
        logger.info({ done, total }, 'the index is being filled');
        noted = Date.now();
      }
      onProgress?.(done, total);
      done += await addVersion(services, version, signal);
    }
  }
  await noteProgress(services, undefined);
  logger.info({ passages: done }, 'the index holds what the catalog says');
  await queue.send([TIDY_ITEM]);
  return done;
}

/** Reads all of it: one search may have failed of files that were just being removed. */
async function isDamaged({ index }: ReindexServices): Promise<boolean> {
  try {
    await index.counts({ thorough: true });
    return false;
  } catch (error) {
    if (!saysDamaged(error)) throw error;
    return true;
  }
}

async function addVersion(services: ReindexServices, ref: Missing, signal: AbortSignal): Promise<number> {
  const { catalog, index } = services;
  const { tenant, document, version } = ref;
  const added = await indexVersion(services, ref, signal);
  // Retired meanwhile: who did that has removed it from the index before it was there.
  const row = await catalog.documents.get(tenant, document);
  if (row?.version !== version) await index.remove(document, version);
  return added;
}

async function missingVersions(
  { catalog, index }: ReindexServices,
  known?: ReadonlyMap<string, number>,
): Promise<Missing[]> {
  const missing: Missing[] = [];
  // The catalog first: a version that gets ready meanwhile is in the index by then.
  for (const tenant of await catalog.tenants.all()) {
    for await (const row of catalog.documents.every(tenant)) {
      if (row.version === null) continue;
      const { passages, metadata } = row.ready ?? row;
      const { id: document, version, collection } = row;
      missing.push({ tenant, document, version, collection, metadata, passages });
    }
  }
  const counts = known ?? (await index.counts());
  return missing.filter(
    ({ document, version, passages }) => (counts.get(`${document}/${version}`) ?? 0) < passages,
  );
}

function sumOf(missing: readonly Missing[]): number {
  return missing.reduce((sum, { passages }) => sum + passages, 0);
}
