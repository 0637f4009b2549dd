import { describe, expect, it } from 'vitest';
import { summarise, toMarkdown } from '../../eval/report.ts';
import type { Result } from '../../eval/results.ts';

const result = (condition: string, set: string, id: number, contained: boolean): Result => ({
  ...{ condition, set, id: String(id), output: '', contained, exact: false, f1: contained ? 0.5 : 0 },
  ...{ reused: 80, encoded: 0, final: 20 },
});

/** Two sets of unequal size; `right` says how many of their first questions are right. */
const answered = (condition: string, right: { a: number; b: number }) => [
  ...Array.from({ length: 4 }, (_, i) => result(condition, 'a', i, i < right.a)),
  ...Array.from({ length: 10 }, (_, i) => result(condition, 'b', i, i < right.b)),
];

describe('the report', () => {
  const base = answered('base', { a: 1, b: 5 });
  const tuned = answered('tuned', { a: 3, b: 5 });

  it('averages over sets, not over questions', () => {
    const [first] = summarise(base).conditions;
    expect(first?.sets.a).toMatchObject({ questions: 4, contained: 0.25, f1: 0.125, reused: 0.8 });
    expect(first?.average).toMatchObject({ questions: 14, contained: 0.375, reused: 0.8 });
  });

  it('compares on the questions that both conditions answered', () => {
    const { comparisons } = summarise([...base, ...tuned.slice(2)]);
    expect(comparisons).toEqual([
      expect.objectContaining({
        ...{ first: 'base', second: 'tuned', questions: 12, onlyFirst: 0, onlySecond: 1, p: 1 },
        sets: { a: 0.5, b: 0 },
        difference: 0.25,
      }),
    ]);
    const [one, another] = [base.slice(0, 4), answered('tuned', { a: 4, b: 10 }).slice(4)];
    expect(summarise([...one, ...another]).comparisons).toEqual([]);
  });

  it('counts a question once that two shards hold', () => {
    expect(summarise([...base, ...base])).toEqual(summarise(base));
  });

  it('is a table', () => {
    const text = toMarkdown(summarise([...base, ...tuned]));
    expect(text).toContain('| base | 25.0 (n 4) | 50.0 (n 10) | 37.5 |');
    expect(text).toMatch(
      /\| tuned − base \| \+50\.0 \| \+0\.0 \| \+25\.0 \[.*\] \| 2 : 0 of 14 \| 0\.5000 \|/,
    );
  });
});
