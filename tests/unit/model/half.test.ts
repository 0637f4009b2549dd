import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HALF_TO_FLOAT, toHalf } from '../../../shared/model/half.ts';

const half = (value: number) => toHalf(Float32Array.of(value))[0]!;

describe('float16', () => {
  test.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65_504, 0x7bff],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [1 / 3, 0x3555],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [Number.NEGATIVE_INFINITY, 0xfc00],
  ])('%d is stored as its IEEE 754 bits', (value, bits) => {
    expect(half(value)).toBe(bits);
  });

  test('every one of its numbers comes back', () => {
    const all = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
    const back = toHalf(HALF_TO_FLOAT);
    for (const bits of all) {
      if (Number.isNaN(HALF_TO_FLOAT[bits])) expect(HALF_TO_FLOAT[back[bits]!]).toBeNaN();
      else if (back[bits] !== bits) expect.fail(`${bits} became ${back[bits]}`);
    }
  });

  test('any float32 goes to the nearest one, the even one of two', () => {
    const number = fc.oneof(
      fc.float({ min: -65_504, max: 65_504, noNaN: true }),
      fc.float({ min: -(2 ** -13), max: 2 ** -13, noNaN: true }),
      // Halfway between two neighbours.
      fc.nat(0x7bfe).map((bits) => (HALF_TO_FLOAT[bits]! + HALF_TO_FLOAT[bits + 1]!) / 2),
    );
    fc.assert(
      fc.property(number, (value) => {
        const bits = half(value);
        const distance = (of: number) => Math.abs(HALF_TO_FLOAT[of]! - value);
        for (const neighbour of [bits - 1, bits + 1]) {
          if ((neighbour & 0x7fff) > 0x7bff || neighbour < 0) continue;
          expect(distance(bits)).toBeLessThanOrEqual(distance(neighbour));
          if (distance(bits) === distance(neighbour) && distance(bits) > 0) expect(bits & 1).toBe(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('what is too large becomes infinite, what is no number stays none', () => {
    expect(half(65_519)).toBe(0x7bff);
    expect(half(65_520)).toBe(0x7c00);
    expect(half(-1e30)).toBe(0xfc00);
    expect(HALF_TO_FLOAT[half(Number.NaN)]).toBeNaN();
  });

  test('reads a view at any offset', () => {
    expect([...toHalf(Float32Array.of(9, 1, -2).subarray(1))]).toEqual([0x3c00, 0xc000]);
  });
});
