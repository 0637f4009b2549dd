/** Gives files and directories their final names: complete and flushed to the disk, or not at all. */
import { existsSync } from 'node:fs';
import { link, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { flush, flushTree } from './durable.ts';
import { removeAbandoned, temporaryName } from './temporary.ts';

/** Fills the path that it is given with a file or a directory. */
export type Make = (temporary: string) => Promise<void>;

export interface PublishOptions {
  /** Replaces a file that is there already. A directory is never replaced. */
  replace?: boolean;
}

/**
 * Makes a file or a directory appear at `target` in one step; what is above it is created, and what dead processes
 * left beside it is removed. Unless told to replace it, a target that is there already, or that another process
 * publishes meanwhile, stands, and ours is dropped. After an error nothing is left.
 */
export async function publish(target: string, make: Make, options: PublishOptions = {}): Promise<void> {
  if (options.replace !== true && existsSync(target)) return;
  await withTemporary(dirname(target), (temporary) => publishThrough(temporary, target, make, options));
}

/**
 * As `publish`, through a temporary path that is given: it must be on the same file system as the target.
 * @returns whether what was made is now at `target`
 */
export async function publishThrough(
  temporary: string,
  target: string,
  make: Make,
  { replace = false }: PublishOptions = {},
): Promise<boolean> {
  try {
    await make(temporary);
    await flushTree(temporary);
    if (replace) await rename(temporary, target);
    else if (!(await moveUnlessThere(temporary, target))) return false;
    await flush(dirname(target));
    return true;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/**
 * Lends a path in `folder` that nobody else uses, and removes what is there afterwards. What processes that
 * have died left in the folder is removed too.
 */
export async function withTemporary<T>(folder: string, use: (temporary: string) => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true });
  await removeAbandoned(folder);
  const temporary = join(folder, temporaryName());
  try {
    return await use(temporary);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function moveUnlessThere(temporary: string, target: string): Promise<boolean> {
  try {
    // rename() would replace another process's file, link() does not; of a directory it is the other way.
    if ((await stat(temporary)).isDirectory()) await rename(temporary, target);
    else await link(temporary, target);
    return true;
  } catch (error) {
    if (existsSync(target)) return false;
    // Some file systems have no hard links. Replacing is harmless then: both results are whole.
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall !== 'link' || code === 'ENOSPC' || code === 'EDQUOT') throw error;
    await rename(temporary, target);
    return true;
  }
}
