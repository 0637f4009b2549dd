/** SHA-256 of text, and of files too large to hold. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type FetchOptions, reporter } from './progress.ts';

const CHUNK_BYTES = 1 << 20;

/** SHA-256 of a string, 64 hex digits. */
export function sha256Text(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** SHA-256 of some bytes of a file, 64 hex digits. */
export async function sha256Range(
  file: string,
  { start, bytes }: { start: number; bytes: number },
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash('sha256');
  const range = { start, end: start + bytes - 1, highWaterMark: CHUNK_BYTES, signal };
  for await (const chunk of createReadStream(file, range)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** SHA-256 of a file, 64 hex digits; reports the phase `check`. */
export async function sha256File(file: string, { onProgress, signal }: FetchOptions): Promise<string> {
  const total = (await stat(file)).size;
  const report = reporter('check', onProgress);
  const hash = createHash('sha256');
  let done = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES, signal })) {
    hash.update(chunk as Buffer);
    done += (chunk as Buffer).length;
    report(done, total);
  }
  return hash.digest('hex');
}
