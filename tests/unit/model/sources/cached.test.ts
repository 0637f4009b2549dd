import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryName } from '../../../../shared/files/temporary.ts';
import { removeModel } from '../../../../shared/model/sources/cached.ts';
import { KNOWN_MODELS } from '../../../../shared/model/sources/index.ts';
import { useWorkspace } from '../../../support/sources/workspace.ts';

const workspace = useWorkspace();
const cache = () => join(workspace.folder, 'cache');
const qwen = KNOWN_MODELS['qwen2.5-coder-0.5b-instruct']!;
const embedding = `models/${'e'.repeat(64)}/model.onnx`;

async function put(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(cache(), path)), { recursive: true });
  await writeFile(join(cache(), path), content);
}

/** A compiled model of 100 bytes beside its manifest. */
async function compile(directory: string, source: { file: string; sha256: string }): Promise<number> {
  const manifest = JSON.stringify({ source, files: [] });
  await put(`compiled/${directory}/model.json`, manifest);
  await put(`compiled/${directory}/weights.data`, 'w'.repeat(100));
  return manifest.length + 100;
}

describe('removing a model', () => {
  test('frees its file and all that was compiled from it, and leaves other models alone', async () => {
    await put(`models/${qwen.sha256}/${qwen.file}`, 'seven b');
    await put(embedding, 'for every model');
    await put(`models/${'0'.repeat(64)}/other.gguf`, 'other');
    const one = await compile('1'.repeat(32), { file: qwen.file, sha256: qwen.sha256 });
    const two = await compile('2'.repeat(32), { file: 'renamed.gguf', sha256: qwen.sha256 });
    await compile('3'.repeat(32), { file: 'other.gguf', sha256: '0'.repeat(64) });
    const { bytes, removed } = await removeModel('qwen2.5-coder-0.5b-instruct', cache());
    expect(bytes).toBe(7 + one + two);
    expect(removed.sort()).toEqual([
      join(cache(), 'compiled', '1'.repeat(32)),
      join(cache(), 'compiled', '2'.repeat(32)),
      join(cache(), 'models', qwen.sha256),
    ]);
    expect(await workspace.cached()).toEqual([
      `compiled/${'3'.repeat(32)}/model.json`,
      `compiled/${'3'.repeat(32)}/weights.data`,
      `models/${'0'.repeat(64)}/other.gguf`,
      embedding,
    ]);
    expect(await readdir(join(cache(), 'compiled'))).toEqual(['3'.repeat(32)]);
  });

  test('works by the id of a file that came from a repository or from this machine', async () => {
    await put(`models/${'0'.repeat(64)}/Other-Q4.gguf`, 'other');
    const compiled = await compile('3'.repeat(32), { file: 'Other-Q4.gguf', sha256: '0'.repeat(64) });
    expect(await removeModel('Other-Q4', cache())).toMatchObject({ bytes: 5 + compiled });
    expect(await workspace.cached()).toEqual([]);
  });

  test('frees what an interrupted download left, not what a process is downloading', async () => {
    const running = `partial/${qwen.sha256}.${temporaryName()}/body`;
    await put(`partial/${qwen.sha256}/body`, 'half');
    await put(running, 'half');
    expect(await removeModel('qwen2.5-coder-0.5b-instruct', cache())).toMatchObject({ bytes: 4 });
    expect(await workspace.cached()).toEqual([running]);
  });

  test('of which nothing is here frees nothing', async () => {
    expect(await removeModel('smollm2-135m-instruct', cache())).toEqual({ bytes: 0, removed: [] });
  });

  test('that nobody knows is model_unknown, with the names that there are', async () => {
    await put(embedding, 'for every model');
    await compile('3'.repeat(32), { file: 'other.gguf', sha256: '0'.repeat(64) });
    for (const name of ['gpt-5', '', 'model.onnx', '..', 'constructor']) {
      await expect(removeModel(name, cache())).rejects.toMatchObject({
        code: 'model_unknown',
        message: expect.stringMatching(/gemma3-270m, other\.$/),
      });
    }
    expect(await workspace.cached()).toHaveLength(3);
  });
});
