import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkFilter,
  checkMetadata,
  type Filter,
  labelGroups,
  labelsOf,
  matchesFilter,
  sameMetadata,
} from '../../../shared/pipeline/metadata.ts';

const value = fc.oneof(fc.constantFrom('a', 'b', '1', 'true'), fc.constantFrom(0, 1, 2.5), fc.boolean());
const key = fc.constantFrom('author', 'year', 'draft');
const metadata = fc.dictionary(key, value, { maxKeys: 3 });
const filter = fc.dictionary(key, fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 3 })), {
  maxKeys: 3,
});

describe('a filter', () => {
  it('matches when every key has a value asked for, of the same type', () => {
    fc.assert(
      fc.property(metadata, filter, (of, wanted) => {
        const expected = Object.entries(wanted).every(([name, values]) =>
          [values].flat().some((one) => Object.hasOwn(of, name) && of[name] === one),
        );
        expect(matchesFilter(of, wanted)).toBe(expected);
      }),
    );
  });

  it('becomes groups of hashes, with no text of the user in them', () => {
    const groups = labelGroups({ author: ["O'Brien", 'Ada'], year: 1999 });
    expect(groups.map(({ length }) => length)).toEqual([2, 1]);
    for (const label of groups.flat()) expect(label).toMatch(/^[0-9a-f]{32}$/);
    expect(labelsOf({ year: 1999, author: 'Ada' }).sort()).toEqual([groups[0]![1]!, groups[1]![0]!].sort());
  });

  it.each<[string, unknown]>([
    ['an empty list', { year: [] }],
    ['a key with a space', { 'a b': 1 }],
    ['a nested object', { a: { b: 1 } }],
    ['null', { a: null }],
  ])('with %s is refused', (_what, wrong) => {
    expect(() => checkFilter(wrong as Filter)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});

describe('metadata', () => {
  it('are the same in whatever order', () => {
    expect(sameMetadata({ a: 1, b: 'x' }, { b: 'x', a: 1 })).toBe(true);
    expect(sameMetadata({ a: 1 }, { a: '1' })).toBe(false);
    expect(sameMetadata({ a: 1 }, { a: 1, b: 2 })).toBe(false);
  });

  it.each<[string, Record<string, unknown>]>([
    ['33 entries', Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, i]))],
    ['a key of 65 characters', { ['k'.repeat(65)]: 1 }],
    ['an empty key', { '': 1 }],
    ['a value of 257 characters', { k: 'x'.repeat(257) }],
    ['a value that is not a number', { k: Number.NaN }],
    ['a list', { k: ['a'] }],
  ])('with %s are refused', (_what, wrong) => {
    expect(() => checkMetadata(wrong as never)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  it('are taken up to the limits', () => {
    const most = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`k${i}`, 'x'.repeat(256)]));
    expect(checkMetadata(most)).toEqual(most);
    expect(checkMetadata({ ['K.-_9'.repeat(12)]: false })).toEqual({ ['K.-_9'.repeat(12)]: false });
  });
});
