import { describe, expect, it } from 'vitest';
import { orderOf, sharedWords, wordsOf } from '../../eval/documents-words.ts';

describe('words', () => {
  it('are compared without case, hyphens and compatibility forms', () => {
    expect(wordsOf('The ﬁrst self-\naligning Keel')).toEqual(['the', 'first', 'selfaligning', 'keel']);
  });

  it('are letters in scripts without spaces', () => {
    expect(wordsOf('港の 7 bits')).toEqual(['港', 'の', '7', 'bits']);
  });

  it('count as often as both texts have them', () => {
    expect(sharedWords(['a', 'a', 'b', 'c'], ['a', 'b', 'b'])).toBe(2);
  });
});

describe('order', () => {
  it('is the share of the longest common subsequence', () => {
    expect(orderOf(['a', 'b', 'c', 'd'], ['a', 'c', 'b', 'd'])).toBe(0.75);
  });

  it('does not ask for words that occur twice', () => {
    expect(orderOf(['x', 'a', 'x', 'b'], ['a', 'b', 'x', 'x'])).toBe(1);
  });
});
