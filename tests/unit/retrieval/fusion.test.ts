import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { fuseRanks } from '../../../shared/retrieval/fusion.ts';

it('adds 1 / (60 + rank) over the rankings', () => {
  expect(fuseRanks([['a', 'b'], ['b']])).toEqual([
    ['b', 1 / 62 + 1 / 61],
    ['a', 1 / 61],
  ]);
});

it('keeps the order of a single ranking, and puts first what both rank first', () => {
  const ranking = fc.uniqueArray(fc.string(), { minLength: 1 });
  fc.assert(
    fc.property(ranking, ranking, (a, b) => {
      expect(fuseRanks([a, []]).map(([id]) => id)).toEqual(a);
      const fused = fuseRanks([a, [a[0]!, ...b.filter((id) => id !== a[0])]]);
      expect(fused[0]![0]).toBe(a[0]);
      expect(new Set(fused.map(([id]) => id))).toEqual(new Set([...a, ...b]));
    }),
  );
});
