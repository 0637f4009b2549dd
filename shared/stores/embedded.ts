/** The embedded default: everything in one data directory, which one process owns. */
import { chmod, mkdir, rm, stat } from 'node:fs/promises';
import { BlockragError, isBlockragError } from '../errors.ts';
import type { PassageIndex } from '../retrieval/ports.ts';
import type { Environment } from '../storage/lmdb/environment.ts';
import { inUse } from '../storage/lmdb/owner.ts';
import type { Ownership } from '../storage/lmdb/ownership.ts';
import type { Table, WorkQueue } from '../storage/ports.ts';
import { catalogOf, ownerOf } from './owner.ts';
import { blobsWithReserve, indexWithReserve, Reserve, tableWithReserve } from './reserve.ts';
import { closable, MAX_ATTEMPTS, type Stores, WORK_QUEUE } from './stores.ts';

/**
 * Opens only the database of a data directory, to copy it or to work with its keys, also beside its owner. The owner has
 * checked its pages; where there is none, that is done here.
 */
export async function openDataDirectory(directory: string): Promise<Environment> {
  const { openEnvironment } = await import('../storage/lmdb/environment.ts');
  await keepToOwner(directory);
  return openEnvironment(catalogOf(directory), { checked: ownerOf(directory) !== undefined });
}

/** What is in a data directory is its owner's: others cannot enter it, whatever the umask was. */
async function keepToOwner(directory: string): Promise<void> {
  try {
    if ((await mkdir(directory, { recursive: true, mode: 0o700 })) !== undefined) return;
    const { mode } = await stat(directory);
    // What an operator gave to a group stays.
    if ((mode & 0o007) !== 0) await chmod(directory, mode & 0o770);
  } catch {
    // Another user's directory, or a file system without modes; what cannot be used fails where it is used.
  }
}

/**
 * Claims a data directory and opens its stores: blobs as files, rows and work in LMDB, the index in LanceDB.
 * @param options.command what runs on the directory ("serve"); the error of a second process names it
 * @throws BlockragError `data_directory_in_use`, `storage_full`, `storage_failed`
 */
export async function openEmbeddedStores(directory: string, options: { command: string }): Promise<Stores> {
  // Drivers are loaded when they are opened: reading options must not cost a database.
  const { claimDataDirectory } = await import('../storage/lmdb/ownership.ts');
  const owner = ownerOf(directory);
  if (owner !== undefined) throw inUse(owner, catalogOf(directory));
  const environment = await openDataDirectory(directory);
  let ownership: Ownership | undefined;
  try {
    const reserve = new Reserve(directory);
    ownership = await reserve.through(() => claimDataDirectory(environment, options));
    await reserve.keep();
    return await openDrivers(environment, directory, { ownership, reserve });
  } catch (error) {
    await ownership?.release();
    await environment.close();
    throw error;
  }
}

async function openDrivers(
  environment: Environment,
  directory: string,
  { ownership, reserve }: { ownership: Ownership; reserve: Reserve },
): Promise<Stores> {
  const { openFsBlobStore } = await import('../storage/blobs/fs.ts');
  const { openLmdbTable } = await import('../storage/table/lmdb.ts');
  const { recordState } = await import('../storage/lmdb/check.ts');
  const table = tableWithReserve(openLmdbTable(environment), reserve);
  const stores = closable({
    tier: 'disk',
    blobs: blobsWithReserve(await openFsBlobStore(`${directory}/blobs`), reserve),
    table,
    queue: await openQueue(environment, table),
    index: indexWithReserve(await openIndex(`${directory}/index`), reserve),
    ownership,
  });
  const close = async () => {
    await stores.close();
    await ownership.release();
    await environment.close();
    await recordState(environment.directory);
  };
  return { ...stores, close };
}

/** The queue, which this process alone consumes: whoever held a lease was killed. */
async function openQueue(environment: Environment, table: Table): Promise<WorkQueue> {
  const { openTableQueue } = await import('../storage/queue/table.ts');
  const { releaseLeases } = await import('../storage/queue/leases.ts');
  const { moveLmdbQueue } = await import('../storage/queue/from-lmdb.ts');
  const queue = openTableQueue(table, WORK_QUEUE, { maxAttempts: MAX_ATTEMPTS });
  await moveLmdbQueue(environment, WORK_QUEUE, { table, queue });
  await releaseLeases(table, WORK_QUEUE);
  return queue;
}

/**
 * The index. One that cannot be opened, which this process alone uses, makes room for a new one: it is filled again from
 * the catalog (pipeline/reindex).
 */
async function openIndex(path: string): Promise<PassageIndex> {
  const { openLanceIndex } = await import('../retrieval/lancedb.ts');
  try {
    return await openLanceIndex(path);
  } catch (error) {
    if (!isBlockragError(error, 'storage_failed')) throw error;
    await rm(path, { recursive: true }).catch((cause: unknown) => {
      const message = `The search index in ${path} can be neither opened nor removed: check the rights of the directory and the disk, or remove it; it is filled again from the catalog.`;
      throw new BlockragError('storage_failed', message, { cause });
    });
    return openLanceIndex(path);
  }
}
