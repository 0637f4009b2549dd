import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countPairs, mcnemar, pairedDifference } from '../../eval/statistics.ts';

const pairs = (onlyFirst: number, onlySecond: number, questions = 100) => ({
  onlyFirst,
  onlySecond,
  questions,
});

describe("McNemar's exact test", () => {
  // Sums of exact binomials: Python's math.comb.
  it.each([
    [0, 0, 1],
    [1, 0, 1],
    [3, 3, 1],
    [5, 0, 0.0625],
    [2, 10, 0.03857421875],
    [7, 19, 0.028959274291992188],
    [60, 100, 0.001953728034064342],
  ])('%d against %d gives %d', (b, c, p) => {
    expect(mcnemar(pairs(b, c))).toBeCloseTo(p, 8);
  });

  it('is the same both ways, and at most 1', () => {
    fc.assert(
      fc.property(fc.nat(900), fc.nat(900), (b, c) => {
        const p = mcnemar(pairs(b, c, 2000));
        expect(p).toBeCloseTo(mcnemar(pairs(c, b, 2000)), 12);
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('the paired difference', () => {
  it('is the mean of the sets, with a narrower interval than each', () => {
    const one = pairedDifference([pairs(10, 20)]);
    const four = pairedDifference([pairs(10, 20), pairs(10, 20), pairs(10, 20), pairs(10, 20)]);
    expect(one.difference).toBeCloseTo(0.1);
    expect(four.difference).toBeCloseTo(0.1);
    expect(four.high - four.low).toBeCloseTo((one.high - one.low) / 2);
  });

  it("has Agresti and Min's interval", () => {
    // (c - b) / (n + 2) = 10 / 102; variance ((31 / 102) - (10 / 102)^2) / 102
    const { low, high } = pairedDifference([pairs(10, 20)]);
    const centre = 10 / 102;
    const half = 1.96 * Math.sqrt((31 / 102 - centre ** 2) / 102);
    expect([low, high]).toEqual([expect.closeTo(centre - half, 12), expect.closeTo(centre + half, 12)]);
  });

  it('turns round with the conditions', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), (b, c) => {
        const there = pairedDifference([pairs(b, c)]);
        const back = pairedDifference([pairs(c, b)]);
        expect(there.difference).toBeCloseTo(-back.difference, 12);
        expect(there.low).toBeCloseTo(-back.high, 12);
        expect(there.low).toBeLessThan(there.high);
      }),
    );
  });

  it('counts who got what right', () => {
    const right = [
      [true, true],
      [true, false],
      [false, true],
      [false, true],
      [false, false],
    ] as const;
    expect(countPairs(right)).toEqual(pairs(1, 2, 5));
  });
});
