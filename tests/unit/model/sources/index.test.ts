import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { fetchModelFile, type Progress } from '../../../../shared/model/sources/index.ts';
import { testFetch } from '../../../support/settings.ts';
import { sha256, useWorkspace } from '../../../support/sources/workspace.ts';

const workspace = useWorkspace();

describe('a model reference', () => {
  test('that names nothing known is answered with what is known', async () => {
    for (const reference of ['gpt-5', '', 'constructor', 'toString']) {
      await expect(fetchModelFile(reference, testFetch())).rejects.toMatchObject({
        code: 'model_unknown',
        message: expect.stringContaining('smollm2-135m-instruct'),
      });
    }
  });

  test('is not followed once the signal is aborted, whatever the reason', async () => {
    const fetching = fetchModelFile('smollm2-135m-instruct', {
      ...testFetch(),
      signal: AbortSignal.abort('enough'),
    });
    await expect(fetching).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('a local model file', () => {
  test('is used in place, hashed, and named after the file', async () => {
    const file = join(workspace.folder, 'Tiny-Q8.gguf');
    await writeFile(file, 'weights');
    const expected = { file, sha256: sha256('weights'), name: 'Tiny-Q8', verified: false };
    expect(await fetchModelFile(file, testFetch())).toEqual(expected);
    expect(await fetchModelFile(relative(process.cwd(), file), testFetch())).toEqual(expected);
  });

  test('is read once as long as it does not change', async () => {
    const file = join(workspace.folder, 'model.gguf');
    await writeFile(file, 'weights');
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => seen.push(progress);
    await fetchModelFile(file, { ...testFetch(), onProgress });
    expect(seen).toContainEqual({ phase: 'check', done: 7, total: 7 });
    seen.length = 0;
    expect((await fetchModelFile(file, { ...testFetch(), onProgress })).sha256).toBe(sha256('weights'));
    expect(seen).toEqual([]);
  });

  test('is hashed again when it has changed, also to the same size and time', async () => {
    const file = join(workspace.folder, 'model.gguf');
    await writeFile(file, 'weights');
    await utimes(file, 1, 1);
    await fetchModelFile(file, testFetch());
    await writeFile(file, 'WEIGHTS');
    await utimes(file, 1, 1);
    expect((await fetchModelFile(file, testFetch())).sha256).toBe(sha256('WEIGHTS'));
  });

  test('is used also where the cache folder cannot be written', async () => {
    const file = join(workspace.folder, 'model.gguf');
    await writeFile(file, 'weights');
    vi.stubEnv('BLOCKRAG_CACHE', join(file, 'below-a-file'));
    expect((await fetchModelFile(file, testFetch())).sha256).toBe(sha256('weights'));
  });

  test('that is missing, or a folder, is model_unknown with its path', async () => {
    const missing = join(workspace.folder, 'missing.gguf');
    const directory = join(workspace.folder, 'directory.gguf');
    await mkdir(directory);
    for (const path of [missing, directory]) {
      const refusal = { code: 'model_unknown', message: expect.stringContaining(path) };
      await expect(fetchModelFile(path, testFetch())).rejects.toMatchObject(refusal);
    }
  });
});
