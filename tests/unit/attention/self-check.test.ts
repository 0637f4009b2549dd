/** The gate at the end of a compilation lets good models pass, and none of the classic mistakes. */
import { copyFile, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GGMLQuantizationType } from '@huggingface/gguf';
import { describe, expect, test } from 'vitest';
import { Decoder } from '../../../shared/attention/decoder.ts';
import {
  klDivergence,
  MAX_ADAPTED_DIVERGENCE,
  MAX_DIVERGENCE,
  MAX_EXACTNESS,
  MIN_ADAPTED_TEXT_SCORE,
  maxDivergence,
  requireSaneText,
  scoreText,
  selfCheck,
} from '../../../shared/attention/self-check.ts';
import { compileModel } from '../../../shared/model/compile.ts';
import { CompiledModel, type ModelManifest } from '../../../shared/model/compiled.ts';
import { GgufFile } from '../../../shared/model/gguf.ts';
import { fetchModelFile } from '../../../shared/model/sources/index.ts';
import { TINY_MODELS } from '../../support/fixtures.ts';
import { compileOptions, TEST_MODEL, temporaryFolder, testModel, tinyModel } from '../../support/models.ts';
import { testFetch } from '../../support/settings.ts';

describe('verdict stored with a model', () => {
  test.each(TINY_MODELS)('%s: float32 is exact, and no text is scored', async (name) => {
    const { check } = (await tinyModel(name)).manifest;
    expect(check!.exactness).toBeLessThan(MAX_EXACTNESS / 10);
    expect(check!.divergence).toBeLessThan(1e-4);
    expect(check!.blobDivergence).toBeLessThan(MAX_DIVERGENCE);
    expect(check!.textScore).toBeNull();
  });

  test('the default model passes with room to spare', async () => {
    const { check } = (await testModel('q8')).manifest;
    expect(check!.blobDivergence).toBeLessThan(MAX_DIVERGENCE / 2);
    expect(check!.textScore).toBeGreaterThan(-0.75);
  });

  test('may diverge more where an adapter makes a quantised model surer, and only there', () => {
    const adapter = { name: 'adapter', sha256: '', rank: 16 };
    expect(maxDivergence({ adapter, compute: 'w8a8' })).toBe(MAX_ADAPTED_DIVERGENCE);
    expect(maxDivergence({ adapter, compute: 'fp32' })).toBe(MAX_DIVERGENCE);
    expect(maxDivergence({ adapter: null, compute: 'w8a8' })).toBe(MAX_DIVERGENCE);
  });
});

/** A copy of a compiled model with a changed manifest or graph. */
async function tampered(
  model: CompiledModel,
  change: { manifest?: (manifest: ModelManifest) => void; graph?: (bytes: Buffer) => void },
): Promise<CompiledModel> {
  const directory = await temporaryFolder();
  await cp(model.directory, directory, { recursive: true });
  const manifest = structuredClone(model.manifest);
  change.manifest?.(manifest);
  await writeFile(join(directory, 'model.json'), JSON.stringify(manifest));
  const graph = await readFile(join(directory, 'model.onnx'));
  change.graph?.(graph);
  await writeFile(join(directory, 'model.onnx'), graph);
  return CompiledModel.open(directory);
}

/** Exchanges two names of equal length in a graph: protobuf writes a string behind its length. */
function exchange(graph: Buffer, one: string, other: string): void {
  const field = (name: string) => Buffer.concat([Buffer.of(name.length), Buffer.from(name)]);
  const places = (name: string) => {
    const found: number[] = [];
    for (let at = graph.indexOf(field(name)); at >= 0; at = graph.indexOf(field(name), at + 1))
      found.push(at);
    return found;
  };
  const [ones, others] = [places(one), places(other)];
  for (const at of ones) field(other).copy(graph, at);
  for (const at of others) field(one).copy(graph, at);
}

describe('a broken path through blobs', () => {
  test.each(['key', 'value'])('that stores the %ss of another layer fails', async (output) => {
    const model = await tampered(await tinyModel('llama'), {
      graph: (bytes) => exchange(bytes, `${output}.1`, `${output}.2`),
    });
    await expect(selfCheck(model, { text: false })).rejects.toMatchObject({
      code: 'model_check_failed',
      message: expect.stringContaining('differs from one pass'),
    });
  });

  test("with a key bias that is not the keys' fails on int8 blobs", async () => {
    const model = await tampered(await tinyModel('qwen2'), {
      manifest: ({ keyBias }) => {
        for (const row of keyBias!) row.fill(5000);
      },
    });
    await expect(selfCheck(model, { text: false })).rejects.toMatchObject({
      code: 'model_check_failed',
      message: expect.stringContaining('int8'),
    });
  });

  test('whose numbers are no numbers fails', async () => {
    const model = await tampered(await tinyModel('llama'), {
      manifest: ({ architecture }) => architecture.rope.inverseFrequencies.fill(Number.MAX_VALUE),
    });
    await expect(selfCheck(model, { text: false })).rejects.toMatchObject({ code: 'model_check_failed' });
  });
});

/** Swaps the two 4-bit halves of every byte of the Q4_1 tensors. */
async function swapNibbles(file: string, bytes: Buffer): Promise<void> {
  const gguf = await GgufFile.open(file);
  await gguf.close();
  for (const { type, shape, offset } of gguf.tensors.values()) {
    if (type !== GGMLQuantizationType.Q4_1) continue;
    const blocks = shape.reduce((product, n) => product * n, 1) / 32;
    // A scale, a minimum and 16 bytes of values each.
    for (let block = offset; block < offset + blocks * 20; block += 20) {
      for (let at = block + 4; at < block + 20; at++)
        bytes[at] = ((bytes[at]! << 4) | (bytes[at]! >> 4)) & 255;
    }
  }
}

/** Calls the file a qwen2, whose query and key rows are not permuted. */
function renameFamily(bytes: Buffer): void {
  const end = bytes.indexOf('tokenizer.ggml');
  for (let at = bytes.indexOf('llama'); at >= 0 && at < end; at = bytes.indexOf('llama', at))
    bytes.write('qwen2', at);
}

/** Score of the default model's file after a change of its bytes. */
async function scoreOfChanged(
  change: (file: string, bytes: Buffer) => void | Promise<void>,
): Promise<number> {
  const { file } = await fetchModelFile(TEST_MODEL, testFetch());
  const folder = await temporaryFolder();
  const copy = join(folder, 'changed.gguf');
  await copyFile(file, copy);
  const bytes = await readFile(copy);
  await change(file, bytes);
  await writeFile(copy, bytes);
  const model = await compileModel({
    ...compileOptions(copy, 'q8', folder),
    check: async () => ({ exactness: 0, divergence: 0, blobDivergence: 0, textScore: null }),
  });
  return score(model);
}

async function score(model: CompiledModel): Promise<number> {
  const decoder = await Decoder.open(model);
  try {
    return await scoreText(decoder);
  } finally {
    await decoder.dispose();
  }
}

describe('a model that finds English unlikely', () => {
  test('is one whose rotated rows were left permuted', async () => {
    const found = await scoreOfChanged((_, bytes) => renameFamily(bytes));
    expect(() => requireSaneText(found, true)).toThrow(
      expect.objectContaining({ code: 'model_check_failed' }),
    );
  });

  test('is one whose 4-bit values were read in the wrong order', async () => {
    const found = await scoreOfChanged(swapNibbles);
    expect(() => requireSaneText(found, true)).toThrow(
      expect.objectContaining({ code: 'model_check_failed' }),
    );
  });

  test.each<[string, (frequency: number) => number]>([
    ['whose RoPE scaling is wrong', (frequency) => frequency / 4],
    ['without rotation', () => 0],
  ])('is one %s', async (_, change) => {
    const model = await tampered(await testModel('q8'), {
      manifest: ({ architecture: { rope } }) => {
        rope.inverseFrequencies = rope.inverseFrequencies.map(change);
      },
    });
    expect(await score(model)).toBeLessThan(MIN_ADAPTED_TEXT_SCORE);
  });

  test('may be less likely with an adapter, though not as unlikely as those', () => {
    requireSaneText(-0.79, false);
    requireSaneText(-0.99, true);
    for (const refused of [() => requireSaneText(-0.81, false), () => requireSaneText(Number.NaN, true)]) {
      expect(refused).toThrow(expect.objectContaining({ code: 'model_check_failed' }));
    }
  });
});

describe('KL divergence', () => {
  test('is 0 of equal rows, and what the definition says of others', () => {
    const p = Float32Array.from([0.5, 0.25, 0.25], Math.log);
    const q = Float32Array.from([0.25, 0.25, 0.5], Math.log);
    expect(klDivergence(p, p)).toBe(0);
    expect(klDivergence(p, q)).toBeCloseTo(0.25 * Math.log(2), 5);
  });

  test('of a row with NaN is NaN, which no limit lets pass', () => {
    expect(klDivergence(Float32Array.of(-1), Float32Array.of(Number.NaN))).toBeNaN();
    expect(() => requireSaneText(Number.NaN, false)).toThrow(
      expect.objectContaining({ code: 'model_check_failed' }),
    );
  });
});
