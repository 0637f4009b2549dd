import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dequantizeRows, rotateRows } from '../../../shared/kv/reencode.ts';
import { toHalf } from '../../../shared/model/half.ts';
import { RopeTable } from '../../../shared/model/rope.ts';

const KV_HEADS = 2;
const HEAD_DIM = 12;
/** Eight of twelve dimensions rotate. */
const ROPE = { dimensions: 8, inverseFrequencies: [1, 0.3, 0.07, 0.001] };
const WIDTH = KV_HEADS * HEAD_DIM;

const rows = fc
  .integer({ min: 1, max: 4 })
  .chain((tokens) =>
    fc.array(fc.float({ min: -10, max: 10, noNaN: true }), {
      minLength: tokens * WIDTH,
      maxLength: tokens * WIDTH,
    }),
  )
  .map((values) => Float32Array.from(values));
const position = fc.nat(5000);

/** All rows rotated by one position. */
function rotated(keys: Float32Array, by: number): Float32Array {
  const out = keys.slice();
  const table = new RopeTable(ROPE);
  for (let token = 0; token * WIDTH < keys.length; token++) {
    const { cos, sin } = table.rows(by, 1);
    rotateRows(out.subarray(token * WIDTH, (token + 1) * WIDTH), cos, sin, KV_HEADS, HEAD_DIM);
  }
  return out;
}
const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, x, i) => Math.max(largest, Math.abs(x - b[i]!)), 0);

describe('re-encoding', () => {
  test('to position 0 changes nothing', () => {
    fc.assert(fc.property(rows, (keys) => void expect(largestDifference(rotated(keys, 0), keys)).toBe(0)));
  });

  test('by p and then by q is the same as by p + q', () => {
    fc.assert(
      fc.property(rows, position, position, (keys, p, q) => {
        expect(largestDifference(rotated(rotated(keys, p), q), rotated(keys, p + q))).toBeLessThan(2e-5);
      }),
    );
  });

  test('keeps the length of every head and leaves the dimensions beyond the rotated ones alone', () => {
    fc.assert(
      fc.property(rows, position, (keys, p) => {
        const out = rotated(keys, p);
        for (let at = 0; at < keys.length; at += HEAD_DIM) {
          const before = keys.subarray(at, at + HEAD_DIM);
          const after = out.subarray(at, at + HEAD_DIM);
          expect(Math.abs(Math.hypot(...after) - Math.hypot(...before))).toBeLessThan(1e-4);
          expect(after.subarray(8)).toEqual(before.subarray(8));
        }
      }),
    );
  });

  test('pairs dimension i with i + half, turning from the first to the second', () => {
    const keys = new Float32Array(WIDTH);
    keys[1] = 1;
    const out = rotated(keys, 3);
    expect(out[1]).toBeCloseTo(Math.cos(0.9), 6);
    expect(out[5]).toBeCloseTo(Math.sin(0.9), 6);
  });

  test('gives every token of a block its own position', () => {
    const keys = new Float32Array(3 * WIDTH).map((_, i) => Math.sin(i));
    const { cos, sin } = new RopeTable(ROPE).rows(100, 3);
    const out = keys.slice();
    rotateRows(out, cos, sin, KV_HEADS, HEAD_DIM);
    for (let token = 0; token < 3; token++) {
      const row = keys.subarray(token * WIDTH, (token + 1) * WIDTH);
      expect(out.slice(token * WIDTH, (token + 1) * WIDTH)).toEqual(rotated(row, 100 + token));
    }
  });

  test('scores depend on the distance of two tokens only', () => {
    fc.assert(
      fc.property(rows, position, fc.nat(500), fc.nat(2000), (keys, p, distance, shift) => {
        const score = (at: number) => {
          const query = rotated(keys.subarray(0, HEAD_DIM * KV_HEADS), at + distance);
          return rotated(keys, at)
            .subarray(0, WIDTH)
            .reduce((sum, x, i) => sum + x * query[i]!, 0);
        };
        expect(Math.abs(score(p) - score(p + shift))).toBeLessThan(0.02);
      }),
    );
  });
});

describe('stored rows as float32', () => {
  test('int8: value times the channel scale, plus the bias', () => {
    const out = new Float32Array(4);
    dequantizeRows(Int8Array.of(1, -127, 2, 0), Float32Array.of(0.5, 2), Float32Array.of(10, 0), out);
    expect([...out]).toEqual([10.5, -254, 11, 0]);
  });

  test('fp16 and fp32: the values, plus the bias', () => {
    const values = Float32Array.of(1.5, -2, 0.25, 4);
    for (const stored of [values, toHalf(values)]) {
      const out = new Float32Array(4);
      dequantizeRows(stored, undefined, Float32Array.of(1, 0), out);
      expect([...out]).toEqual([2.5, -2, 1.25, 4]);
    }
  });
});

describe('table of angles', () => {
  test('rows are the same whether the table grows or not', () => {
    const grown = new RopeTable(ROPE);
    grown.rows(0, 3);
    grown.rows(900, 300);
    const fresh = new RopeTable(ROPE);
    expect(grown.rows(1100, 90)).toEqual(fresh.rows(1100, 90));
    expect(grown.rows(5000, 1).cos[2]).toBeCloseTo(Math.cos(5000 * 0.07), 6);
  });
});
