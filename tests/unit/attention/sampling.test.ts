import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  argmax,
  GREEDY,
  logSoftmax,
  Sampler,
  type Sampling,
  topIds,
} from '../../../shared/attention/sampling.ts';

const logits = fc
  .array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 40 })
  .map((values) => Float32Array.from(values));
const sampling = (options: Partial<Sampling>): Sampling => ({
  temperature: 1,
  topK: 0,
  topP: 1,
  seed: 7,
  ...options,
});
const draw = (options: Partial<Sampling>, row: Float32Array, count: number) => {
  const sampler = new Sampler(sampling(options));
  return Array.from({ length: count }, () => sampler.next(row));
};

describe('sampling', () => {
  test('a temperature of 0 takes the likeliest token, the first of equals', () => {
    fc.assert(
      fc.property(logits, (row) => {
        const id = new Sampler(GREEDY).next(row);
        expect(id).toBe(row.indexOf(Math.max(...row)));
        expect(argmax(row)).toBe(id);
      }),
    );
  });

  test('the same seed gives the same answer, another seed another one', () => {
    const row = Float32Array.from({ length: 50 }, (_, i) => Math.sin(i));
    expect(draw({ seed: 1 }, row, 40)).toEqual(draw({ seed: 1 }, row, 40));
    expect(draw({ seed: 1 }, row, 40)).not.toEqual(draw({ seed: 2 }, row, 40));
  });

  test('top-k keeps to the k likeliest tokens', () => {
    fc.assert(
      fc.property(logits, fc.integer({ min: 1, max: 5 }), fc.nat(), (row, topK, seed) => {
        const allowed = [...row].sort((a, b) => b - a).slice(0, topK);
        for (const id of draw({ topK, seed, temperature: 3 }, row, 10)) expect(allowed).toContain(row[id]);
      }),
    );
  });

  test('top-p keeps to the fewest tokens that hold the probability', () => {
    const row = Float32Array.from([0.5, 0.3, 0.15, 0.05], Math.log);
    expect(new Set(draw({ topP: 0.5 }, row, 300))).toEqual(new Set([0]));
    expect(new Set(draw({ topP: 0.79 }, row, 300))).toEqual(new Set([0, 1]));
    expect(new Set(draw({ topP: 0.9 }, row, 300))).toEqual(new Set([0, 1, 2]));
    expect(new Set(draw({ topP: 1 }, row, 300))).toEqual(new Set([0, 1, 2, 3]));
  });

  test('a top-p of 0 still answers, with the likeliest token', () => {
    expect(draw({ topP: 0 }, Float32Array.from([0, 2, 1]), 5)).toEqual([1, 1, 1, 1, 1]);
  });

  test.each([0.5, 1, 2])('draws follow the distribution at temperature %d', (temperature) => {
    const probabilities = [0.55, 0.25, 0.15, 0.05];
    const row = Float32Array.from(probabilities, Math.log);
    const weights = probabilities.map((p) => p ** (1 / temperature));
    const total = weights.reduce((sum, w) => sum + w, 0);
    const drawn = draw({ temperature }, row, 4000);
    weights.forEach((weight, id) => {
      const share = drawn.filter((one) => one === id).length / drawn.length;
      // Four standard deviations of the worst share are 0.032.
      expect(Math.abs(share - weight / total)).toBeLessThan(0.035);
    });
  });

  test('a logit of minus infinity is never drawn', () => {
    const row = Float32Array.from([0, Number.NEGATIVE_INFINITY, 0]);
    expect(draw({ temperature: 5 }, row, 100)).not.toContain(1);
  });
});

describe('log-probabilities', () => {
  test('their probabilities add up to 1 and keep the order, however large the logits', () => {
    fc.assert(
      fc.property(logits, fc.float({ min: -1000, max: 1000, noNaN: true }), (row, shift) => {
        const scores = logSoftmax(row.map((x) => x + shift));
        const sum = scores.reduce((total, score) => total + Math.exp(score), 0);
        expect(Math.abs(sum - 1)).toBeLessThan(1e-3);
        expect(scores[argmax(row)]).toBe(Math.max(...scores));
      }),
    );
  });

  test('the k largest come in descending order', () => {
    fc.assert(
      fc.property(logits, fc.nat(10), (row, k) => {
        const top = topIds(row, k).map((id) => row[id]!);
        expect(top).toEqual([...row].sort((a, b) => b - a).slice(0, k));
      }),
    );
  });
});
