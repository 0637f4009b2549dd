import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assembleKernels } from '../../../infra/kernels/build-kernels.js';
import { decodeBlob, encodeBlob } from '../../../shared/kv/blob.ts';
import { ContextKv } from '../../../shared/kv/context.ts';
import { dequantizeRows, rotateRows } from '../../../shared/kv/reencode.ts';
import { type BlockKv, type KvShape, kvWidth } from '../../../shared/kv/shape.ts';
import { RopeTable } from '../../../shared/model/rope.ts';
import { append, rowsOf } from '../../support/blocks.ts';

test('kernels.wasm is what kernels.wat assembles to', async () => {
  const committed = readFileSync(new URL('../../../shared/kv/kernels.wasm', import.meta.url));
  expect(committed.equals(Buffer.from(await assembleKernels()))).toBe(true);
});

/** Shapes the kernels take, all or a part of a head rotating, and shapes that fall back to plain loops. */
const shapes = fc.record({
  layers: fc.constant(2),
  kvHeads: fc.integer({ min: 1, max: 3 }),
  head: fc.constantFrom(
    { headDim: 16, half: 8 },
    { headDim: 32, half: 16 },
    { headDim: 32, half: 8 },
    { headDim: 40, half: 16 },
    { headDim: 2, half: 1 },
    { headDim: 8, half: 4 },
    { headDim: 12, half: 6 },
    { headDim: 24, half: 4 },
  ),
});

function randomKv(shape: KvShape, tokens: number, seed: number): BlockKv {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const rows = () =>
    Array.from({ length: shape.layers }, () => Float32Array.from({ length: tokens * kvWidth(shape) }, next));
  return { tokens, keys: rows(), values: rows() };
}

test('laying a blob equals dequantising and rotating it row by row, for every shape and length', () => {
  fc.assert(
    fc.property(
      shapes,
      fc.integer({ min: 1, max: 600 }),
      fc.nat(),
      fc.boolean(),
      ({ layers, kvHeads, head: { headDim, half } }, tokens, seed, biased) => {
        const shape = { layers, kvHeads, headDim };
        const kv = randomKv(shape, tokens, seed);
        const width = kvWidth(shape);
        const keyBias = biased
          ? kv.keys.map(() => Float32Array.from({ length: width }, (_, c) => c - 3))
          : undefined;
        const options = { key: 'k', dtype: 'int8' as const, shape, provenance: 'test', keyBias };
        const object = encodeBlob(kv, options);
        const blob = decodeBlob(object, { key: 'k', dtype: 'int8', tokens, shape, verify: 'crc32' });
        const inverseFrequencies = Array.from({ length: half }, (_, i) => 10_000 ** (-i / half));
        const rope = new RopeTable({ dimensions: 2 * half, inverseFrequencies });
        const context = new ContextKv(shape);
        const before = 5;
        context.reset(before + tokens);
        const filler = randomKv(shape, before, 1);
        append(context, filler);
        context.lay(blob, rope, keyBias);

        const { cos, sin } = rope.rows(before, tokens);
        for (let layer = 0; layer < shape.layers; layer++) {
          const keys = new Float32Array(tokens * width);
          dequantizeRows(blob.keys[layer]!, blob.keyScales[layer], keyBias?.[layer], keys);
          rotateRows(keys, cos, sin, shape.kvHeads, shape.headDim);
          const values = new Float32Array(tokens * width);
          dequantizeRows(blob.values[layer]!, blob.valueScales[layer], undefined, values);
          expect(
            largestDifference(rowsOf(context, layer, 'keys').subarray(before * width), keys),
          ).toBeLessThan(1e-5);
          expect(largestDifference(rowsOf(context, layer, 'values').subarray(before * width), values)).toBe(
            0,
          );
          expect(
            largestDifference(
              rowsOf(context, layer, 'keys').subarray(0, before * width),
              filler.keys[layer]!,
            ),
          ).toBe(0);
        }
      },
    ),
    { numRuns: 80 },
  );
});

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
