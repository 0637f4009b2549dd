import { describe, expect, test } from 'vitest';
import { ContextKv } from '../../../shared/kv/context.ts';
import { rotateRows } from '../../../shared/kv/reencode.ts';
import { RopeTable } from '../../../shared/model/rope.ts';
import { append, block, rowsOf, SHAPE, stored, WIDTH } from '../../support/blocks.ts';

const ROPE = new RopeTable({ dimensions: 4, inverseFrequencies: [1, 0.1] });

function rotated(rows: Float32Array, start: number): Float32Array {
  const out = rows.slice();
  const { cos, sin } = ROPE.rows(start, rows.length / WIDTH);
  rotateRows(out, cos, sin, SHAPE.kvHeads, SHAPE.headDim);
  return out;
}
const concat = (...parts: Float32Array[]) => Float32Array.from(parts.flatMap((part) => [...part]));

describe('context', () => {
  test('holds blocks end to end, keys rotated to where they lie, and new rows behind them as given', () => {
    const [a, b, added] = [block(3, 1), block(5, 2), block(2, 3)];
    const context = new ContextKv(SHAPE);
    context.reset(10);
    context.lay(stored(a, 'fp32'), ROPE, undefined);
    context.lay(stored(b, 'fp32'), ROPE, undefined);
    append(context, added);
    expect(context.length).toBe(10);
    for (let layer = 0; layer < SHAPE.layers; layer++) {
      const keys = concat(rotated(a.keys[layer]!, 0), rotated(b.keys[layer]!, 3), added.keys[layer]!);
      expect(rowsOf(context, layer, 'keys')).toEqual(keys);
      expect(rowsOf(context, layer, 'values')).toEqual(
        concat(a.values[layer]!, b.values[layer]!, added.values[layer]!),
      );
    }
  });

  test.each(['int8', 'fp16', 'fp32'] as const)('adds the key bias before rotation, %s', (dtype) => {
    const source = block(4);
    const bias = source.keys.map(() => new Float32Array(WIDTH).map((_, i) => 50 + i));
    const biased = { ...source, keys: source.keys.map((rows) => rows.map((x, i) => x + 50 + (i % WIDTH))) };
    const context = new ContextKv(SHAPE);
    context.reset(4);
    context.lay(stored(biased, dtype, bias), ROPE, bias);
    const want = rotated(biased.keys[1]!, 0);
    for (const [i, x] of rowsOf(context, 1, 'keys').entries())
      expect(Math.abs(x - want[i]!)).toBeLessThan(0.06);
  });

  test('takes over all that another one holds', () => {
    const [a, b] = [new ContextKv(SHAPE), new ContextKv(SHAPE)];
    a.reset(9);
    append(a, block(3, 1));
    b.reset(8);
    append(b, block(2, 2));
    b.appendAll(a);
    expect(b.length).toBe(5);
    expect(rowsOf(b, 1, 'keys')).toEqual(concat(block(2, 2).keys[1]!, block(3, 1).keys[1]!));
    expect(rowsOf(b, 1, 'values')).toEqual(concat(block(2, 2).values[1]!, block(3, 1).values[1]!));
  });

  test('a reset empties it and uses its memory again', () => {
    const context = new ContextKv(SHAPE);
    context.reset(8);
    append(context, block(8, 1));
    const { bytes } = context;
    const { buffer } = context.keys(0, 0);
    expect(bytes).toBe(8 * WIDTH * 4 * 2 * SHAPE.layers);
    context.reset(5);
    expect(context.length).toBe(0);
    append(context, block(2, 9));
    expect(rowsOf(context, 0, 'keys')).toEqual(block(2, 9).keys[0]);
    expect(context.keys(0, 0).buffer).toBe(buffer);
    expect(context.bytes).toBe(bytes);
  });

  test('grows when a reset asks for more', () => {
    const context = new ContextKv(SHAPE);
    context.reset(2);
    context.reset(9);
    append(context, block(9));
    expect(rowsOf(context, 1, 'values')).toEqual(block(9).values[1]);
  });

  test('takes the newest rows out again, and has room for others in their place', () => {
    const context = new ContextKv(SHAPE);
    context.reset(5);
    append(context, block(5));
    context.truncate(2);
    expect(context.length).toBe(2);
    append(context, block(3));
    const two = block(5).values[1]!.subarray(0, 2 * WIDTH);
    expect(rowsOf(context, 1, 'values')).toEqual(concat(two, block(3).values[1]!));
    expect(() => context.truncate(6)).toThrow(RangeError);
  });

  test('refuses more tokens than it has room for and stays as it was', () => {
    const context = new ContextKv(SHAPE);
    context.reset(4);
    append(context, block(3));
    expect(() => append(context, block(2))).toThrow(RangeError);
    expect(() => context.lay(stored(block(2), 'int8'), ROPE, undefined)).toThrow(RangeError);
    expect(context.length).toBe(3);
    expect(rowsOf(context, 0, 'keys')).toEqual(block(3).keys[0]);
  });
});
