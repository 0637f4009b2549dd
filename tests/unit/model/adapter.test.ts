import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Decoder } from '../../../shared/attention/decoder.ts';
import { readAdapter } from '../../../shared/model/adapter.ts';
import { readArchitecture } from '../../../shared/model/architecture.ts';
import { cacheDirectory } from '../../../shared/model/cache.ts';
import { compileModel } from '../../../shared/model/compile.ts';
import { GgufFile } from '../../../shared/model/gguf.ts';
import { prepareModel } from '../../../shared/pipeline/prepare-model.ts';
import { ask } from '../../support/asking.ts';
import { type TinyModel, tinyCases, tinyFile } from '../../support/fixtures.ts';
import { mergeIntoGguf } from '../../support/merged-gguf.ts';
import { compileOptions, TEST_MODEL, temporaryFolder, testModel } from '../../support/models.ts';
import {
  adapterTensors,
  type FloatType,
  SCALE,
  safetensors,
  type TensorData,
  writeAdapter,
} from '../../support/safetensors.ts';
import { testFetch } from '../../support/settings.ts';

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

async function architectureOf(name: TinyModel) {
  const file = await GgufFile.open(tinyFile(name));
  try {
    return await readArchitecture(file);
  } finally {
    await file.close();
  }
}

/** An adapter for a tiny model, in a folder of its own. */
async function adapterOf(name: TinyModel, dtype: FloatType = 'F16', seed = 0) {
  const tensors = adapterTensors(await architectureOf(name), dtype, seed);
  const folder = join(await temporaryFolder(), `for-${name}`);
  const file = await writeAdapter(folder, safetensors(tensors), sha256(tinyFile(name)));
  return { tensors, file };
}

async function logProbabilities(name: TinyModel, model: Awaited<ReturnType<typeof compileModel>>) {
  const decoder = await Decoder.open(model);
  try {
    const rows: number[] = [];
    for (const { blocks } of tinyCases(name).slice(0, 2)) {
      for (const attention of ['block', 'full'] as const) {
        const question = { blocks, attention, dtype: 'fp32', maxTokens: 0 } as const;
        rows.push(...(await ask(decoder, question, new Map())).logProbabilities);
      }
    }
    return rows;
  } finally {
    await decoder.dispose();
  }
}

const farthest = (a: readonly number[], b: readonly number[]) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

afterEach(() => {
  vi.unstubAllEnvs();
});

describe.each(['llama', 'qwen2', 'qwen3'] as const)('an adapter of %s', (name) => {
  test.each(['F16', 'BF16', 'F32'] as const)(
    'in %s gives the numbers of a model into whose file it was merged',
    async (dtype) => {
      const folder = await temporaryFolder();
      const { tensors, file } = await adapterOf(name, dtype);
      const merged = join(folder, 'merged.gguf');
      await mergeIntoGguf(tinyFile(name), merged, tensors, SCALE);
      const [base, adapted, reference] = await Promise.all([
        compileModel(compileOptions(tinyFile(name), 'fp32', folder)),
        compileModel(compileOptions(tinyFile(name), 'fp32', folder, await readAdapter(file))),
        compileModel(compileOptions(merged, 'fp32', folder)),
      ]);
      const got = await logProbabilities(name, adapted);
      expect(farthest(got, await logProbabilities(name, reference))).toBeLessThan(1e-3);
      expect(farthest(got, await logProbabilities(name, base))).toBeGreaterThan(0.5);
    },
  );
});

describe('what a compiled model is called', () => {
  test('tells adapters apart, by their tensors and their scale, and finds the same one again', async () => {
    const folder = await temporaryFolder();
    const source = tinyFile('qwen2');
    const { file, tensors } = await adapterOf('qwen2');
    const other = await adapterOf('qwen2', 'F16', 5000);
    const rescaled = await writeAdapter(await temporaryFolder(), safetensors(tensors), sha256(source), {
      scale: 1,
    });
    const compile = async (path?: string) =>
      compileModel(
        compileOptions(source, 'q8', folder, path === undefined ? undefined : await readAdapter(path)),
      );
    const plain = await compile();
    const models = [plain, await compile(file), await compile(other.file), await compile(rescaled)];
    expect(new Set(models.map(({ directory }) => directory)).size).toBe(4);
    expect(new Set(models.map(({ manifest }) => manifest.weightsHash)).size).toBe(4);
    expect((await compile(file)).directory).toBe(models[1]!.directory);
    expect(await readdir(folder)).toHaveLength(4);
    expect(plain.manifest).toMatchObject({ adapter: null, weightsHash: sha256(source) });
    const { name, sha256: hash, rank } = await readAdapter(file);
    expect(models[1]!.manifest.adapter).toEqual({ name, sha256: hash, rank });
    expect(name).toBe('for-qwen2');
  });

  test('w8a8 too is compiled with its adapter', async () => {
    const folder = await temporaryFolder();
    const { file } = await adapterOf('llama');
    const adapter = await readAdapter(file);
    const [base, exact, fast] = await Promise.all([
      compileModel(compileOptions(tinyFile('llama'), 'fp32', folder)),
      compileModel(compileOptions(tinyFile('llama'), 'fp32', folder, adapter)),
      compileModel(compileOptions(tinyFile('llama'), 'w8a8', folder, adapter)),
    ]);
    const wanted = await logProbabilities('llama', exact);
    const unadapted = farthest(wanted, await logProbabilities('llama', base));
    expect(farthest(wanted, await logProbabilities('llama', fast))).toBeLessThan(unadapted / 4);
  });
});

describe('an adapter that does not fit is refused', () => {
  /** The error of compiling a tiny llama with this adapter. */
  async function refusal(
    change: (tensors: Record<string, TensorData>) => void,
    description: Record<string, unknown> = {},
  ) {
    const tensors = adapterTensors(await architectureOf('llama'), 'F16');
    change(tensors);
    const base = sha256(tinyFile('llama'));
    const file = await writeAdapter(await temporaryFolder(), safetensors(tensors), base, description);
    const folder = await temporaryFolder();
    const failed = readAdapter(file).then((adapter) =>
      compileModel(compileOptions(tinyFile('llama'), 'fp32', folder, adapter)),
    );
    const error = await failed.catch((thrown: unknown) => thrown);
    expect(await readdir(folder)).toEqual([]);
    return error;
  }

  const corrupt = (text: string) => ({ code: 'model_corrupt', message: expect.stringContaining(text) });

  test('of another model', async () => {
    const base = { name: 'other.gguf', sha256: '0'.repeat(64) };
    expect(await refusal(() => {}, { base })).toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('other.gguf'),
    });
  });

  test.each<[string, (tensors: Record<string, TensorData>) => void, string]>([
    ['without a tensor', (t) => delete t['blk.2.ffn_up.lora_b'], 'lacks blk.2.ffn_up.lora_b'],
    [
      'with an unknown one',
      (t) => {
        t['blk.3.ffn_up.lora_b'] = t['blk.2.ffn_up.lora_b']!;
      },
      'blk.3.ffn_up.lora_b',
    ],
    [
      'of another shape',
      (t) => void t['blk.1.attn_k.lora_b']!.shape.reverse(),
      'blk.1.attn_k.lora_b is [3,32], expected [32,3]',
    ],
    ['with NaN', (t) => void t['blk.0.attn_q.lora_a']!.values.fill(Number.NaN, 5, 6), 'attn_q.lora_a'],
    ['with infinity', (t) => void t['blk.2.ffn_down.lora_b']!.values.fill(1e6, 0, 1), 'ffn_down.lora_b'],
  ])('%s', async (_, change, text) => {
    expect(await refusal(change)).toMatchObject(corrupt(text));
  });

  test.each([
    ['another rank', { rank: 4 }, 'lora_a is [3,64]'],
    ['permuted rows', { row_order: 'interleaved' }, 'half-split'],
    ['another format', { format: 2 }, 'format 1'],
    ['a scale that is no number', { scale: 'two' }, 'adapter.json'],
    ['no hash of its base', { base: { name: 'x', sha256: 'x' } }, 'adapter.json'],
  ])('with %s in its description', async (_, description, text) => {
    expect(await refusal(() => {}, description)).toMatchObject(corrupt(text));
  });

  test('that is not there', async () => {
    const missing = readAdapter(join(await temporaryFolder(), 'adapter.safetensors'));
    await expect(missing).rejects.toMatchObject({ code: 'invalid_option' });
  });
});

describe('a model that has been compiled', () => {
  test('is opened without its file, a network or python', async () => {
    const { directory } = await testModel('w8a8');
    const cache = await temporaryFolder();
    await symlink(join(cacheDirectory(testFetch().cache), 'compiled'), join(cache, 'compiled'));
    const settings = { cache, python: '/nowhere/python3' };
    const options = { ...settings, reference: TEST_MODEL, adapter: 'none', requireText: true };
    const opened = await prepareModel({ ...options, compute: 'w8a8' });
    expect(opened.directory).toBe(join(cache, 'compiled', directory.split('/').at(-1)!));
    expect(await readdir(cache)).toEqual(['compiled']);
  });

  test('that the adapter does not belong to is refused before anything is fetched', async () => {
    const { file } = await adapterOf('llama');
    const cache = await temporaryFolder();
    const refused = prepareModel({
      ...{ cache, python: '/nowhere/python3' },
      reference: TEST_MODEL,
      adapter: file,
      compute: 'w8a8',
      requireText: true,
    });
    await expect(refused).rejects.toMatchObject({ code: 'invalid_option' });
    expect(await readdir(cache)).toEqual([]);
  });
});
