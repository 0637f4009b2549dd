import fc from 'fast-check';
import { expect, it } from 'vitest';
import { inRuns } from '../../../shared/attention/runs.ts';

const lengths = fc.array(fc.nat(40), { maxLength: 30 });
const sizes = (run: { tokens: Uint32Array }[]) => run.map(({ tokens }) => tokens.length);
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

it('runs hold every block once, in order, and share only what keeps to the limit', () => {
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 60 }), (wanted, limit) => {
      const runs = inRuns(
        wanted.map((length) => ({ tokens: new Uint32Array(length) })),
        limit,
      ).map(sizes);
      expect(runs.flat()).toEqual(wanted);
      for (const [i, run] of runs.entries()) {
        if (run.length > 1) expect(sum(run)).toBeLessThanOrEqual(limit);
        // No run could have taken the next one's first block in.
        const next = runs[i + 1];
        if (next !== undefined) expect(sum(run) + next[0]!).toBeGreaterThan(limit);
      }
    }),
  );
});
