import { expect, it } from 'vitest';
import { RecentKeys } from '../../../shared/attention/recent-keys.ts';

it('of more keys than the limit those that came first are forgotten', () => {
  const keys = new RecentKeys(2);
  for (const key of ['a', 'b', 'c']) keys.add(key);
  expect(['a', 'b', 'c'].map((key) => keys.has(key))).toEqual([false, true, true]);
});

it('a key that is there already costs no other its place', () => {
  const keys = new RecentKeys(2);
  for (const key of ['a', 'b', 'b']) keys.add(key);
  expect(['a', 'b'].map((key) => keys.has(key))).toEqual([true, true]);
});
