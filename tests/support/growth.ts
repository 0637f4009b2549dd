/** How work grows with its input: what is quadratic on user bytes lets one request keep all others waiting. */
import { expect } from 'vitest';

/** The larger of two inputs, in smaller ones. */
const TIMES = 8;
/** Linear work takes 8 times as long, quadratic work 64 times: this much is said to be more than linear. */
const LIMIT = 28;
/** Shorter than this is told by the clock and the collector rather than by the work. */
const LEAST_MS = 2;
/** One of so many measurements without a disturbance is enough. */
const ATTEMPTS = 4;

/**
 * Expects that work on an input of 8 n takes not much more than 8 times that on one of n.
 * @param prepare makes an input of a size, whose making is not measured
 * @param sizes the smaller input is the first of these that takes measurable time, or the last
 */
export async function expectLinear<T>(
  prepare: (size: number) => T,
  work: (input: T) => unknown,
  sizes: readonly number[] = [2_000, 16_000, 128_000],
): Promise<void> {
  const measure = async (input: T) => {
    const begun = performance.now();
    await work(input);
    return performance.now() - begun;
  };
  const ratios: number[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    let ratio = 0;
    for (const size of sizes) {
      const [small, large] = [prepare(size), prepare(size * TIMES)];
      // The first time is the compiler's; a disturbance of the smaller one would hide what is to be seen.
      await work(small);
      const smallMs = Math.min(await measure(small), await measure(small), await measure(small));
      if (smallMs < LEAST_MS && size !== sizes.at(-1)) continue;
      ratio = (await measure(large)) / Math.max(smallMs, LEAST_MS);
      break;
    }
    if (ratio < LIMIT) return;
    ratios.push(Math.round(ratio));
  }
  expect(ratios, `${TIMES} times the input takes so many times as long`).toEqual([]);
}
