/** The user's cache folder, and how anything large gets into it: whole or not at all. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import envPaths from 'env-paths';

/** The folder for models and what is compiled from them: the chosen one, else a folder in the user's cache. */
export function cacheDirectory(chosen?: string): string {
  return chosen ? resolve(chosen) : envPaths('blockrag', { suffix: '' }).cache;
}

/**
 * Makes a file or a directory appear at `target` in one step. `make` fills a temporary sibling, which is
 * flushed to the disk and renamed. A target that is there already, or that another process publishes
 * meanwhile, stands, and ours is dropped. After an error nothing is left.
 */
export async function publish(target: string, make: (temporary: string) => Promise<void>): Promise<void> {
  if (existsSync(target)) return;
  await withTemporary(dirname(target), async (temporary) => {
    await make(temporary);
    await flush(temporary);
    await moveUnlessThere(temporary, target);
    await flushOne(dirname(target));
  });
}

/**
 * Lends a path in `folder` that nobody else uses, and removes what is there afterwards. What processes that
 * have died left in the folder is removed too.
 */
export async function withTemporary<T>(folder: string, use: (temporary: string) => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    // An orphaned child of the dead process may still write there; the next run tries again.
    if (ownerIsGone(name)) await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
  }
  const temporary = join(folder, temporaryName());
  try {
    return await use(temporary);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

const TEMPORARY = /(?:^|\.)([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{12}\.tmp$/;
const FOREIGN_LIFETIME_MS = 24 * 3600 * 1000;
const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/** A fresh name that tells which process it belongs to: "HOST-PID-CREATED-RANDOM.tmp". */
export function temporaryName(): string {
  return `${host}-${process.pid}-${Date.now()}-${randomBytes(6).toString('hex')}.tmp`;
}

/** True for a name that ends as temporaryName() has it and whose process no longer runs. */
export function ownerIsGone(name: string): boolean {
  const match = TEMPORARY.exec(name);
  if (match === null) return false;
  const pid = Number(match[2]);
  const created = Number(match[3]);
  // A cache on a shared volume: the processes of another machine or container cannot be asked.
  if (match[1] !== host) return Date.now() - created > FOREIGN_LIFETIME_MS;
  // In a container every run has the same pid: what is older than this run is an earlier run's.
  if (pid === process.pid) return created < Date.now() - process.uptime() * 1000 - 2000;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function moveUnlessThere(temporary: string, target: string): Promise<void> {
  try {
    // rename() would replace another process's file, link() does not; of a directory it is the other way.
    if ((await stat(temporary)).isDirectory()) await rename(temporary, target);
    else await link(temporary, target);
  } catch (error) {
    if (existsSync(target)) return;
    // Some file systems have no hard links. Replacing is harmless then: both results are whole.
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall !== 'link' || code === 'ENOSPC' || code === 'EDQUOT') throw error;
    await rename(temporary, target);
  }
}

async function flush(path: string): Promise<void> {
  if ((await stat(path)).isDirectory()) {
    for (const name of await readdir(path)) await flush(join(path, name));
  }
  await flushOne(path);
}

async function flushOne(path: string): Promise<void> {
  // Windows opens no directories, and flushes only what is open for writing.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
