import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BoundedMap } from '../../shared/bounded.ts';

const keysOf = <V>(map: BoundedMap<string, V>) => ['a', 'b', 'c', 'd'].filter((key) => map.has(key));

it('of more entries than the limit the one set first leaves', () => {
  const map = new BoundedMap<string, number>(2);
  expect(map.set('a', 1)).toEqual([]);
  map.set('b', 2);
  expect(map.set('c', 3)).toEqual([1]);
  expect(keysOf(map)).toEqual(['b', 'c']);
});

it('an entry that is set again costs no other its place', () => {
  const map = new BoundedMap<string, number>(2);
  for (const key of ['a', 'b', 'b']) map.set(key, 1);
  expect(keysOf(map)).toEqual(['a', 'b']);
});

it('what was asked for stays longer than what was not', () => {
  const map = new BoundedMap<string, { bytes: number }>(100, ({ bytes }) => bytes);
  for (const key of ['a', 'b', 'c']) map.set(key, { bytes: 30 });
  expect(map.get('a')).toEqual({ bytes: 30 });
  map.set('d', { bytes: 40 });
  expect(keysOf(map)).toEqual(['a', 'c', 'd']);
  expect(map.weight).toBe(100);
});

it('a value that is too large alone is not kept, and moves nothing out', () => {
  const map = new BoundedMap<string, number>(100, (bytes) => bytes);
  map.set('a', 60);
  expect(map.set('b', 101)).toEqual([]);
  expect(map.get('b')).toBeUndefined();
  expect(map.weight).toBe(60);
});

it('never weighs more than its limit, and weighs what its entries do', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    weight: fc.nat(12),
    removed: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const map = new BoundedMap<string, number>(20, (weight) => weight);
      for (const { key, weight, removed } of steps) {
        if (removed) map.delete(key);
        else map.set(key, weight);
        expect(map.weight).toBeLessThanOrEqual(20);
      }
      expect(map.weight).toBe(keysOf(map).reduce((sum, key) => sum + map.get(key)!, 0));
    }),
  );
});
