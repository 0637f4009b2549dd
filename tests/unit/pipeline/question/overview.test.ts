import { expect, test } from 'vitest';
import { chosenPassages } from '../../../../shared/pipeline/question/overview.ts';

const chosen = (counts: number[], topK: number) =>
  chosenPassages(counts, topK).map(({ document, index }) => `${document}.${index}`);

test('a single document gives its beginning and passages at even distances', () => {
  expect(chosen([9], 5)).toEqual(['0.0', '0.2', '0.4', '0.6', '0.8']);
});

test('a few documents give their beginnings, then passages of each', () => {
  expect(chosen([3, 3], 4)).toEqual(['0.0', '1.0', '0.2', '1.2']);
  expect(chosen([2, 1], 5)).toEqual(['0.0', '1.0', '0.1']);
});

test('of many documents some give their beginnings', () => {
  expect(chosen(Array(10).fill(4), 2)).toEqual(['2.0', '7.0']);
  expect(chosen([], 5)).toEqual([]);
});
