/** Downloads a model file from a Hugging Face repository. */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { publish } from '../../files/publish.ts';
import { cacheDirectory } from '../cache.ts';
import { download } from './download.ts';
import { type HuggingFaceReference, resolveUrl } from './huggingface-reference.ts';
import type { ModelFile } from './model-file.ts';
import { cachedPath, keepPartial, leavePartial, partialBytes, takePartial } from './partial.ts';
import { type FetchOptions, fetchError } from './progress.ts';
import { sha256Text } from './sha256.ts';
import { requireSpace } from './space.ts';

const RETRY_MS = 500;

export interface HuggingFaceOptions extends FetchOptions {
  /** Size of the file in bytes, where it is known before: there must be room for it. */
  bytes?: number;
  /** Gives up at once a host that does not answer within so many milliseconds: where there is another source. */
  answerMs?: number | undefined;
  retryMs?: number;
}

/** What a reference without a SHA-256 turned out to be when it was downloaded. */
export interface Resolution {
  sha256: string;
  bytes: number;
  verified: boolean;
}

/**
 * The file in the cache, models/SHA256/NAME: at once where it is already, else downloaded. A reference once
 * downloaded stays that content, also where its branch has moved on: name a revision to get another.
 * The content is checked against the reference's SHA-256, else the one that the server publishes; where
 * there is neither, it is accepted with `verified: false`. The token is sent to the endpoint only.
 *
 * @throws BlockragError `model_unknown`, `invalid_option`, `model_download_failed`,
 *   `model_checksum_mismatch`, `storage_full`, `cancelled`; an interrupted download is resumed by the next
 */
export async function fetchHuggingFaceFile(
  reference: HuggingFaceReference,
  options: HuggingFaceOptions,
): Promise<ModelFile> {
  const url = resolveUrl(reference, options.huggingFace?.endpoint);
  const resolution = resolutionPath(url, options.cache);
  const known = await readResolution(resolution);
  try {
    const there = await present(options.cache, basename(reference.file), reference.sha256, known);
    return there ?? (await fetchAnew(reference, url, resolution, options));
  } catch (error) {
    throw fetchError(error, options.signal);
  }
}

async function fetchAnew(
  reference: HuggingFaceReference,
  url: URL,
  resolution: string,
  options: HuggingFaceOptions,
): Promise<ModelFile> {
  const partial = await takePartial(options.cache, reference.sha256 ?? sha256Text(url.href));
  try {
    if (options.bytes !== undefined) {
      const missing = options.bytes - (await partialBytes(partial));
      await requireSpace(partial.directory, missing, basename(reference.file));
    }
    const published = await download(url, partial, {
      ...options,
      token: options.huggingFace?.token || undefined,
      expected: reference.sha256,
      retryMs: options.retryMs ?? RETRY_MS,
    });
    const expected = reference.sha256 ?? published;
    const what = { name: basename(reference.file), expected, from: url.href };
    const { file, sha256, bytes } = await keepPartial(partial, what, options);
    const verified = expected !== undefined;
    await writeResolution(resolution, { sha256, bytes, verified });
    return result(file, sha256, verified);
  } catch (error) {
    await leavePartial(partial);
    throw error;
  }
}

function result(file: string, sha256: string, verified: boolean): ModelFile {
  return { file, sha256, name: basename(file).replace(/\.gguf$/i, ''), verified };
}

async function present(
  cache: string | undefined,
  name: string,
  wanted: string | undefined,
  known: Resolution | undefined,
): Promise<ModelFile | undefined> {
  const sha256 = wanted ?? known?.sha256;
  if (sha256 === undefined) return undefined;
  const file = cachedPath(cache, sha256, name);
  const size = (await stat(file).catch(() => undefined))?.size;
  if (size === undefined) return undefined;
  if (known?.sha256 === sha256 && known.bytes !== size) {
    await rm(file);
    return undefined;
  }
  return result(file, sha256, wanted !== undefined || known?.verified === true);
}

/** Where it is written what a URL turned out to be. */
export function resolutionPath(url: URL, cache: string | undefined): string {
  return join(cacheDirectory(cache), 'references', `${sha256Text(url.href)}.json`);
}

export async function readResolution(path: string): Promise<Resolution | undefined> {
  try {
    const { sha256, bytes, verified } = JSON.parse(await readFile(path, 'utf8'));
    return /^[0-9a-f]{64}$/.test(sha256) ? { sha256, bytes, verified } : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces what an earlier download found: its file is gone, and the branch may have moved since. */
export async function writeResolution(path: string, resolution: Resolution): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  await publish(path, (temporary) => writeFile(temporary, JSON.stringify(resolution)));
}
