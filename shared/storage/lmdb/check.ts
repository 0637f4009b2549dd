/**
 * Whether an LMDB file can be mapped into memory. LMDB trusts its file: a page that is damaged ends the process with a
 * signal. So every page in use is read and compared with what it has to be, before LMDB sees the file.
 */
import { type FileHandle, open, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockragError } from '../../errors.ts';
import { BEGINNING_BYTES, Damage, snapshotOf } from './pages.ts';
import { Walk } from './walk.ts';

/** The database's file in its directory. */
export const DATA = 'data.mdb';
const RECORD = 'checked.json';

/** A state of a database: a committed transaction, and a sum over the contents of the pages that it uses. */
export interface CheckedState {
  transaction: number;
  sum: number;
}

/**
 * Checks all pages in use.
 * @returns undefined when LMDB has not begun to write to the file, and when another process writes to it meanwhile:
 *   that one has checked it
 * @throws Damage; errors of the system, ENOENT among them
 */
export async function checkPages(path: string): Promise<CheckedState | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size === 0) return undefined;
    const before = await beginningOf(file);
    const changed = async () => !before.equals(await beginningOf(file));
    try {
      const snapshot = snapshotOf(before, size);
      const sum = await new Walk(file, snapshot, size).run();
      return (await changed()) ? undefined : { transaction: snapshot.transaction, sum };
    } catch (error) {
      if (await changed()) return undefined;
      throw error;
    }
  } finally {
    await file.close();
  }
}

async function beginningOf(file: FileHandle): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(BEGINNING_BYTES), 0, BEGINNING_BYTES, 0);
  return buffer.subarray(0, bytesRead);
}

/**
 * Refuses a damaged database, with the way on. Whole are the pages; when the process that had it last stopped in order
 * (see recordState) and nobody has written since, their contents are compared with those of then, too.
 * @param directory where data.mdb is, or is to be made
 * @throws BlockragError `storage_failed`
 */
export async function refuseDamage(directory: string): Promise<void> {
  try {
    const state = await checkPages(join(directory, DATA));
    const last = await readRecord(directory);
    if (state?.transaction === last?.transaction && state?.sum !== last?.sum) {
      throw new Damage('its rows are not those of the last stop');
    }
    // It says nothing of what is written from now on, also where another copy of the database is put here later.
    if (last !== undefined) await unlink(join(directory, RECORD)).catch(unlessMissing);
  } catch (error) {
    if (error instanceof Damage) throw damaged(directory, error);
    unlessMissing(error as NodeJS.ErrnoException);
  }
}

/** Notes what a database holds after its process has closed it, for the next opening. */
export async function recordState(directory: string): Promise<void> {
  const state = await checkPages(join(directory, DATA)).catch(() => undefined);
  if (state !== undefined) await writeFile(join(directory, RECORD), JSON.stringify(state));
}

/** Undefined when there is none, or none that can be read. */
async function readRecord(directory: string): Promise<CheckedState | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, RECORD), 'utf8')) as CheckedState;
  } catch {
    return undefined;
  }
}

function damaged(directory: string, { message }: Damage): BlockragError {
  return new BlockragError(
    'storage_failed',
    `The database in ${directory} is damaged (${message}): make a new data directory of a backup with "blockrag restore", or rebuild this one from its originals with "blockrag repair".`,
    { data: { damage: message } },
  );
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
