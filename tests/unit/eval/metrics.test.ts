import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { judge, normalise } from '../../eval/metrics.ts';

describe('normalising', () => {
  it.each([
    ['The Eiffel Tower!', 'eiffel tower'],
    ['  A  man,\tan owl\nand the   sea. ', 'man owl and sea'],
    ["It's J.R.R. Tolkien’s", 'its jrr tolkiens'],
    ['Anna ate another thesis', 'anna ate another thesis'],
    ['É, Ñandú 3½ 富士山', 'é ñandú 3½ 富士山'],
    ['the', ''],
    ['', ''],
  ])('%j', (text, normal) => {
    expect(normalise(text)).toBe(normal);
  });

  it('once is enough', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        // Lower case may bring new letters ("İ"), which is why it comes first.
        const once = normalise(text);
        expect(normalise(once)).toBe(once);
      }),
    );
  });
});

describe('judging', () => {
  it('finds the answer in a sentence', () => {
    const { contained, exact, f1 } = judge('It was the Marie Curie prize, in 1903.', ['1911', 'Marie Curie']);
    expect({ contained, exact }).toEqual({ contained: true, exact: false });
    expect(f1).toBeCloseTo((2 * 2) / (7 + 2));
  });

  it('knows the answer itself, however it is written', () => {
    expect(judge('the marie curie.', ['Marie Curie'])).toEqual({ contained: true, exact: true, f1: 1 });
  });

  it('counts a word as often as both have it', () => {
    expect(judge('no no no', ['no no yes']).f1).toBeCloseTo(4 / 6);
  });

  it('takes nothing for an answer', () => {
    expect(judge('', ['Paris'])).toEqual({ contained: false, exact: false, f1: 0 });
    expect(judge('anything', ['the', '?'])).toEqual({ contained: false, exact: false, f1: 0 });
  });

  test('an exact answer is contained and has F1 1, a contained one has some', () => {
    const words = fc.array(fc.constantFrom('red', 'green', 'the', 'blue,', 'A'), { maxLength: 5 });
    fc.assert(
      fc.property(words, words, (said, gold) => {
        const { contained, exact, f1 } = judge(said.join(' '), [gold.join(' ')]);
        if (exact) expect([contained, f1]).toEqual([true, 1]);
        if (contained) expect(f1).toBeGreaterThan(0);
        expect(f1).toBeLessThanOrEqual(1);
      }),
    );
  });
});
