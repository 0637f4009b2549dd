/** Temporary files named after the process that owns them, and the removal of those that dead processes left. */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { hostId, startTimeOf } from '../process.ts';

const DAY_MS = 24 * 3600 * 1000;

/** HOST-PID-START-CREATED-RANDOM.tmp; START is empty where the system does not tell when a process started. */
const NAME = /(?:^|\.)([0-9a-f]{8})-(\d+)-([0-9A-Za-z_]*)-(\d+)-[0-9a-f]{12}\.tmp$/;
/** Names that earlier versions gave in the cache folder, HOST-PID-CREATED-RANDOM.tmp, and in the blob store. */
const EARLIER_CACHE_NAME = /(?:^|\.)([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{12}\.tmp$/;
const EARLIER_BLOB_NAME = /^(\d+)~([0-9A-Za-z_]+)~[0-9a-f-]+$/;

/** How long what cannot be asked about is left alone. */
export interface AbandonedOptions {
  /**
   * Milliseconds that the files of other hosts and containers are left, whose processes cannot be seen from here
   * (24 h). 0 for a folder that only one process uses at a time.
   */
  foreignMs?: number;
}

/** A fresh name for a file or a folder of this process; put after another name, a dot goes between. */
export function temporaryName(): string {
  const { host, start } = thisProcess();
  return `${host}-${process.pid}-${start}-${Date.now()}-${randomBytes(6).toString('hex')}.tmp`;
}

/** True for a name that `temporaryName` gave, or ends with such a one, and whose process no longer runs. */
export function isAbandoned(name: string, { foreignMs = DAY_MS }: AbandonedOptions = {}): boolean {
  const [, host, pid, start, created] = NAME.exec(name) ?? [];
  if (host !== undefined) {
    if (host !== thisProcess().host) return Date.now() - Number(created) >= foreignMs;
    return !(start === '' ? runsSince(Number(pid), Number(created)) : startTimeOf(Number(pid)) === start);
  }
  return isAbandonedByEarlierVersion(name, foreignMs);
}

/** Removes what processes that no longer run have left in a folder. */
export async function removeAbandoned(folder: string, options: AbandonedOptions = {}): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!isAbandoned(name, options)) continue;
    // A child of the dead process may still write there: the next run tries again.
    await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
  }
}

function isAbandonedByEarlierVersion(name: string, foreignMs: number): boolean {
  const [, host, pid, created] = EARLIER_CACHE_NAME.exec(name) ?? [];
  if (host !== undefined) {
    if (host !== shortHash(hostname())) return Date.now() - Number(created) >= foreignMs;
    return !runsSince(Number(pid), Number(created));
  }
  const [, owner, start] = EARLIER_BLOB_NAME.exec(name) ?? [];
  return owner !== undefined && startTimeOf(Number(owner)) !== start;
}

/** Whether the process of that id still runs, as far as can be told without its start time. */
function runsSince(pid: number, created: number): boolean {
  // In a container every run has the same id: what is older than this run is an earlier run's.
  if (pid === process.pid) return created >= Date.now() - process.uptime() * 1000 - 2000;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

let known: { host: string; start: string } | undefined;

function thisProcess(): { host: string; start: string } {
  known ??= { host: shortHash(hostId()), start: startTimeOf(process.pid) ?? '' };
  return known;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
