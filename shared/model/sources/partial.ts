/**
 * What an interrupted download leaves for the next one. A partial is a directory that one process owns at a
 * time: it takes it by renaming it to a name of its own, and gives it back by renaming it again.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isAbandoned, temporaryName } from '../../files/temporary.ts';
import { cacheDirectory } from '../cache.ts';

/** What the server said of the file whose first bytes these are. */
export interface Validators {
  /** Strong ETag, with its quotes. */
  etag: string | undefined;
  sha256: string | undefined;
}

/** A partly downloaded file that this process owns. */
export interface Partial {
  key: string;
  directory: string;
  /** The bytes so far. */
  body: string;
}

const folderOf = (cache: string | undefined) => join(cacheDirectory(cache), 'partial');

/** Takes the partial that an earlier run left for this key, or starts an empty one. */
export async function takePartial(cache: string | undefined, key: string): Promise<Partial> {
  const folder = folderOf(cache);
  await mkdir(folder, { recursive: true });
  const directory = join(folder, `${key}.${temporaryName()}`);
  const partial = { key, directory, body: join(directory, 'body') };
  for (const name of await readdir(folder)) {
    if (name !== key && !(name.startsWith(`${key}.`) && isAbandoned(name))) continue;
    try {
      await rename(join(folder, name), directory);
      return partial;
    } catch (error) {
      // Another process was faster.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  await mkdir(directory);
  return partial;
}

/** Leaves the partial for a later run; drops it where it is empty or another one has been left already. */
export async function leavePartial(partial: Partial): Promise<void> {
  const target = join(dirname(partial.directory), partial.key);
  if ((await partialBytes(partial)) === 0 || existsSync(target)) return dropPartial(partial);
  await rename(partial.directory, target).catch(() => dropPartial(partial));
}

export async function dropPartial(partial: Partial): Promise<void> {
  await rm(partial.directory, { recursive: true, force: true });
}

/** Length of the body in bytes. */
export async function partialBytes(partial: Partial): Promise<number> {
  return (await stat(partial.body).catch(() => undefined))?.size ?? 0;
}

export async function readValidators(partial: Partial): Promise<Validators> {
  try {
    const found = JSON.parse(await readFile(join(partial.directory, 'validators.json'), 'utf8'));
    return { etag: found.etag, sha256: found.sha256 };
  } catch {
    return { etag: undefined, sha256: undefined };
  }
}

/** To be written before the first byte of the body. */
export async function writeValidators(partial: Partial, validators: Validators): Promise<void> {
  await writeFile(join(partial.directory, 'validators.json'), JSON.stringify(validators));
}
