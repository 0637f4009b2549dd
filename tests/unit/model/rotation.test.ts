import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Decoder } from '../../../shared/attention/decoder.ts';
import { readArchitecture } from '../../../shared/model/architecture.ts';
import { CompiledModel } from '../../../shared/model/compiled.ts';
import { GgufFile } from '../../../shared/model/gguf.ts';
import { writeDecoder } from '../../../shared/model/onnx/decoder.ts';
import { WeightsFile } from '../../../shared/model/onnx/graph.ts';
import { rotateWeights } from '../../../shared/model/rotation.ts';
import { smoothWeights } from '../../../shared/model/smoothing.ts';
import { ggufWeights, type WeightSource } from '../../../shared/model/weights.ts';
import { tinyFile } from '../../support/fixtures.ts';
import { temporaryFolder, tinyModel } from '../../support/models.ts';

/** A source of which only the embedding is asked for. */
const embeddingOnly = (values: Float32Array) =>
  ({ embedding: async () => values }) as unknown as WeightSource;

test('rotating keeps lengths and angles of hidden states, for any width', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(1, 2, 7, 8, 12, 36, 96, 576, 896), fc.nat(), async (width, seed) => {
      let state = seed;
      const values = Float32Array.from({ length: 2 * width }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state / 2 ** 32 - 0.5;
      });
      const dot = (v: Float32Array, i: number, j: number) =>
        Array.from({ length: width }, (_, c) => v[i * width + c]! * v[j * width + c]!).reduce(
          (a, b) => a + b,
        );
      const before = [dot(values, 0, 0), dot(values, 0, 1), dot(values, 1, 1)];
      const after = await rotateWeights(embeddingOnly(Float32Array.from(values)), {
        hidden: width,
        tiedHead: false,
      }).embedding();
      [dot(after, 0, 0), dot(after, 0, 1), dot(after, 1, 1)].forEach((product, i) => {
        expect(product).toBeCloseTo(before[i]!, 3);
      });
    }),
  );
});

// qwen3's head is its embedding.
test.each(['llama', 'qwen3', 'gemma3'] as const)(
  'a rotated and smoothed %s computes the same in float32',
  async (name) => {
    const plain = await tinyModel(name, 'fp32');
    const file = await GgufFile.open(tinyFile(name));
    const architecture = await readArchitecture(file);
    const peaks = Array.from({ length: architecture.layers }, (_, layer) =>
      Float32Array.from({ length: architecture.feedForward }, (_, c) => 0.01 + ((c * 7 + layer) % 13)),
    );
    const weights = ggufWeights(file, architecture);
    const changed = rotateWeights(smoothWeights(weights, architecture, peaks), architecture);
    const directory = join(await temporaryFolder(), 'rotated');
    await mkdir(directory);
    const data = await WeightsFile.create(directory, 'weights.data');
    await writeFile(
      join(directory, 'model.onnx'),
      await writeDecoder(architecture, changed, data, {
        compute: 'fp32',
        grounding: [{ layer: 0, head: 0 }],
      }),
    );
    await data.close();
    await file.close();
    await writeFile(join(directory, 'model.json'), JSON.stringify({ ...plain.manifest, files: [] }));

    const run = async (model: CompiledModel) => {
      const decoder = await Decoder.open(model);
      const output = await decoder.run({ tokens: Uint32Array.of(5, 9, 2, 7, 1), start: 3 }, ['key', 'value']);
      await decoder.dispose();
      return output;
    };
    const expected = await run(plain);
    const rotated = await run(await CompiledModel.open(directory));
    const largest = (a: Float32Array, b: Float32Array) =>
      a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
    expect(largest(rotated.logits, expected.logits)).toBeLessThan(1e-3);
    // Stored keys and values do not depend on it: blobs serve every compute type.
    expect(largest(rotated.key.at(-1)!, expected.key.at(-1)!)).toBeLessThan(1e-3);
    expect(largest(rotated.value.at(-1)!, expected.value.at(-1)!)).toBeLessThan(1e-3);
  },
);
