/** A model file that is already on this machine. It is used in place. */
import type { BigIntStats } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { BlockragError } from '../../errors.ts';
import { publish } from '../../files/publish.ts';
import { cacheDirectory } from '../cache.ts';
import type { ModelFile } from './model-file.ts';
import { type FetchOptions, fetchError } from './progress.ts';
import { sha256File, sha256Text } from './sha256.ts';

/**
 * A local file and its SHA-256. The hash of a file that has not changed (path, size, times, inode) is
 * remembered in the cache folder, so that a large model is read once.
 *
 * @throws BlockragError `model_unknown` when there is no such file, `model_corrupt` when it changes
 *   meanwhile, `cancelled`
 */
export async function localModelFile(path: string, options: FetchOptions): Promise<ModelFile> {
  const file = resolve(path);
  const before = await statFile(file);
  const remembered = join(cacheDirectory(options.cache), 'hashes', sha256Text(identity(file, before)));
  const name = basename(file).replace(/\.gguf$/i, '');
  const known = await readFile(remembered, 'utf8').catch(() => '');
  if (/^[0-9a-f]{64}$/.test(known)) return { file, sha256: known, name, verified: false };

  const sha256 = await sha256File(file, options).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EACCES') throw fetchError(error, options.signal);
    throw new BlockragError('model_unknown', `${file} may not be read by this user.`, { cause: error });
  });
  if (identity(file, await statFile(file)) !== identity(file, before)) {
    throw new BlockragError('model_corrupt', `${file} is being written to: try again when it is complete.`);
  }
  // A cache that cannot be written costs time at the next start, nothing else.
  await publish(remembered, (temporary) => writeFile(temporary, sha256)).catch(() => {});
  return { file, sha256, name, verified: false };
}

function identity(file: string, found: BigIntStats): string {
  return [file, found.size, found.mtimeNs, found.ctimeNs, found.dev, found.ino].join('\0');
}

async function statFile(file: string): Promise<BigIntStats> {
  const found = await stat(file, { bigint: true }).catch((cause: unknown) => {
    throw new BlockragError('model_unknown', `There is no model file ${file}.`, { cause });
  });
  if (!found.isFile()) throw new BlockragError('model_unknown', `${file} is not a file.`);
  return found;
}
