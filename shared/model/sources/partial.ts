/**
 * What an interrupted download leaves for the next one. A partial is a directory that one process owns at a
 * time: it takes it by renaming it to a name of its own, and gives it back by renaming it again. A file whose
 * SHA-256 is known has one partial, whichever source fills it: the next one goes on where the last stopped.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BlockragError } from '../../errors.ts';
import { publish } from '../../files/publish.ts';
import { isAbandoned, temporaryName } from '../../files/temporary.ts';
import { cacheDirectory } from '../cache.ts';
import type { FetchOptions } from './progress.ts';
import { sha256File } from './sha256.ts';

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

/** Where the cache keeps partials. */
export const partialsOf = (cache: string | undefined) => join(cacheDirectory(cache), 'partial');

/** Where a file of that content lies in the cache. */
export function cachedPath(cache: string | undefined, sha256: string, name: string): string {
  return join(cacheDirectory(cache), 'models', sha256, name);
}

/** Whether a name in that folder is a partial of the key that no process owns. */
export function isLeft(name: string, key: string): boolean {
  return name === key || (name.startsWith(`${key}.`) && isAbandoned(name));
}

/** Takes the partial that an earlier run left for this key, or starts an empty one. */
export async function takePartial(cache: string | undefined, key: string): Promise<Partial> {
  const folder = partialsOf(cache);
  await mkdir(folder, { recursive: true });
  const directory = join(folder, `${key}.${temporaryName()}`);
  const partial = { key, directory, body: join(directory, 'body') };
  for (const name of await readdir(folder)) {
    if (!isLeft(name, key)) continue;
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

/**
 * Checks the complete body and moves it into the cache, models/SHA256/NAME; the partial is gone then.
 *
 * @param from what to call its source in a message
 * @throws BlockragError `model_checksum_mismatch`
 */
export async function keepPartial(
  partial: Partial,
  { name, expected, from }: { name: string; expected: string | undefined; from: string },
  options: FetchOptions,
): Promise<{ file: string; sha256: string; bytes: number }> {
  const sha256 = await sha256File(partial.body, options);
  if (expected !== undefined && sha256 !== expected) {
    await dropPartial(partial);
    const message = `${from} arrived with the SHA-256 ${sha256}, not the expected ${expected}. It was not kept.`;
    throw new BlockragError('model_checksum_mismatch', message, { data: { expected, actual: sha256 } });
  }
  const bytes = await partialBytes(partial);
  const file = cachedPath(options.cache, sha256, name);
  await publish(file, (temporary) => rename(partial.body, temporary));
  await dropPartial(partial);
  return { file, sha256, bytes };
}

/** Leaves the partial for a later run; drops it where nothing has arrived or another one has been left already. */
export async function leavePartial(partial: Partial): Promise<void> {
  const target = join(dirname(partial.directory), partial.key);
  const others = await readdir(partial.directory).catch(() => []);
  const wheels = others.some((name) => name.endsWith('.whl'));
  if ((!wheels && (await partialBytes(partial)) === 0) || existsSync(target)) return dropPartial(partial);
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
