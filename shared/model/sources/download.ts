/** One file over HTTP into a partial: resumed by range, retried with backoff. */
import { open, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { BlockragError } from '../../errors.ts';
import { discard, get, Interrupted, Unreachable } from './http.ts';
import { type Partial, partialBytes, readValidators, writeValidators } from './partial.ts';
import { type FetchOptions, reporter } from './progress.ts';

/** How a file is asked for. */
export interface DownloadOptions extends FetchOptions {
  token: string | undefined;
  /** SHA-256 that the file must have, where it is known before. */
  expected: string | undefined;
  /** Wait before the first retry; doubled at each one after. */
  retryMs: number;
  /** How long to wait for an answer; where it is given, a host from which none comes is not asked again. */
  answerMs?: number | undefined;
}

const ATTEMPTS = 4;
/** Attempts are counted anew after one that got this much further, so that a large file outlives many interruptions. */
const ADVANCE_BYTES = 4 << 20;

/**
 * Completes the partial's body.
 *
 * @returns the SHA-256 that the server publishes for the file, if any (it is not checked here)
 * @throws BlockragError `model_download_failed`, `model_unknown` (404), `model_checksum_mismatch` (the
 *   server publishes another SHA-256 than expected); file system errors and aborts as they come
 */
export async function download(
  url: URL,
  partial: Partial,
  options: DownloadOptions,
): Promise<string | undefined> {
  const report = reporter('download', options.onProgress);
  let furthest = await partialBytes(partial);
  for (let failures = 0; ; ) {
    try {
      return await attempt(url, partial, options, report);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof Interrupted)) throw error;
      const bytes = await partialBytes(partial);
      if (bytes - furthest >= ADVANCE_BYTES) failures = 0;
      furthest = Math.max(furthest, bytes);
      const hopeless = options.answerMs !== undefined && error instanceof Unreachable;
      if (++failures === ATTEMPTS || hopeless) {
        const message = `The download of ${url.href} failed: ${error.message}. Try again: what has arrived is kept.`;
        throw new BlockragError('model_download_failed', message, { cause: error });
      }
      await sleep(options.retryMs * 2 ** (failures - 1), undefined, signalOf(options));
    }
  }
}

async function attempt(
  url: URL,
  partial: Partial,
  options: DownloadOptions,
  report: (done: number, total: number | undefined) => void,
): Promise<string | undefined> {
  const earlier = await readValidators(partial);
  let offset = await partialBytes(partial);
  // Without either, nothing would tell that the file has changed since.
  if (offset > 0 && earlier.etag === undefined && (options.expected ?? earlier.sha256) === undefined) {
    offset = await restart(partial);
  }
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (offset > 0) {
    headers.range = `bytes=${offset}-`;
    if (earlier.etag !== undefined) headers['if-range'] = earlier.etag;
  }
  const { response, etag, sha256 } = await get(url, {
    headers,
    token: options.token,
    answerMs: options.answerMs,
    signal: options.signal,
  });
  try {
    if (![200, 206, 416].includes(response.status)) throw refusal(url, response.status);
    if (differ(options.expected, sha256)) {
      const message = `${url.href} has the SHA-256 ${sha256}, not the expected ${options.expected}.`;
      throw new BlockragError('model_checksum_mismatch', message);
    }
    const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
    const changed = differ(earlier.sha256, sha256) || differ(earlier.etag, etag);
    const published = sha256 ?? (response.status === 200 ? undefined : earlier.sha256);
    if (response.status === 416 && Number(range?.[2]) === offset && !changed) return published;
    if (response.status === 416 || (response.status === 206 && (changed || Number(range?.[1]) !== offset))) {
      await restart(partial);
      throw new Interrupted('the server has another file than before');
    }
    if (response.status === 200 && offset > 0) offset = await restart(partial);
    if (offset === 0) await writeValidators(partial, { etag, sha256 });
    const length = response.headers.get('content-length');
    const total = range ? Number(range[2]) : length === null ? undefined : offset + Number(length);
    const done = await receive(response, partial, offset, (bytes) => report(bytes, total));
    if (total !== undefined && done < total) throw new Interrupted(`${done} of ${total} bytes arrived`);
    report(done, done);
    return published;
  } finally {
    await discard(response);
  }
}

async function receive(
  response: Response,
  partial: Partial,
  offset: number,
  report: (done: number) => void,
): Promise<number> {
  const file = await open(partial.body, 'a');
  const reader = response.body?.getReader();
  let done = offset;
  try {
    report(done);
    while (reader !== undefined) {
      const { value } = await reader.read().catch((error: Error) => {
        throw new Interrupted(`the connection was lost after ${done} bytes`, { cause: error });
      });
      if (value === undefined) break;
      await file.appendFile(value);
      done += value.length;
      report(done);
    }
    return done;
  } finally {
    await reader?.cancel().catch(() => {});
    await file.close();
  }
}

function differ(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

async function restart(partial: Partial): Promise<0> {
  await rm(partial.body, { force: true });
  return 0;
}

function refusal(url: URL, status: number): Error {
  if (status === 408 || status === 429 || status >= 500)
    return new Interrupted(`the server answered ${status}`);
  if (status === 404) {
    const message = `There is no file ${url.href}: check the repository, the file name and the revision.`;
    return new BlockragError('model_unknown', message);
  }
  const allowed =
    status === 401 || status === 403
      ? 'The repository is private, gated or does not exist: set HF_TOKEN to a token that may read it'
      : 'The server does not give the file';
  return new BlockragError('model_download_failed', `${allowed} (${url.href} answered ${status}).`);
}

function signalOf({ signal }: FetchOptions): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
