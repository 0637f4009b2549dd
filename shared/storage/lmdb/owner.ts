/**
 * Which process owns a data directory, told in a file beside the database: whoever asks need neither load LMDB nor check
 * the database's pages. The row in the database decides who owns it (see ownership.ts); the file repeats it.
 */
import { readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockragError } from '../../errors.ts';
import { hostId, startTimeOf } from '../../process.ts';

const STALE_MS = 15_000;
const FILE = 'owner.json';

/** The process that owns a data directory. */
export interface Owner {
  pid: number;
  /** When that process started (see startTimeOf): ids are given again. */
  startTime: string;
  /** Where its pid means that process (see hostId). */
  host: string;
  /** What it runs: "serve". */
  command: string;
  /** Where it answers, once it does. */
  url?: string;
  /** When it last said that it lives, ms since the epoch. */
  heartbeat: number;
}

/**
 * The live owner that the file names. Undefined: there is none, or its file could not be written (a full disk), or a
 * version without the file owns the directory.
 * @param directory the database's
 */
export function readOwner(directory: string): Owner | undefined {
  try {
    const owner = JSON.parse(readFileSync(join(directory, FILE), 'utf8')) as Owner;
    return isLive(owner) ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** Repeats the owner in the file, in one step; no error where that cannot be done. */
export async function tellOwner(directory: string, owner: Owner): Promise<void> {
  const temporary = join(directory, `${FILE}.${owner.pid}`);
  try {
    await writeFile(temporary, JSON.stringify(owner), { mode: 0o600 });
    await rename(temporary, join(directory, FILE));
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** Removes the file. Only the owner does so. */
export async function forgetOwner(directory: string): Promise<void> {
  await rm(join(directory, FILE), { force: true });
}

export function isLive(owner: Owner): boolean {
  if (owner.host === hostId()) return startTimeOf(owner.pid) === owner.startTime;
  return Date.now() - owner.heartbeat < STALE_MS;
}

/** The error of whoever finds a live owner. */
export function inUse({ pid, command, url }: Owner, directory: string): BlockragError {
  const where = url === undefined ? '' : ` at ${url}`;
  return new BlockragError(
    'data_directory_in_use',
    `${directory} is in use by blockrag ${command} (process ${pid})${where}: use that, or stop it first.`,
    { data: { pid, command, url: url ?? null } },
  );
}
