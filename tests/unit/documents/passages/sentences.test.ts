import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sentences } from '../../../../shared/documents/passages/sentences.ts';

const split = (text: string) => sentences(text).map(({ start, end }) => text.slice(start, end).trim());

describe('sentences', () => {
  it('parts sentences', () => {
    expect(split('The first one ends here. Does the second? Yes, it does indeed!')).toEqual([
      'The first one ends here.',
      'Does the second?',
      'Yes, it does indeed!',
    ]);
  });

  it('goes on after abbreviations, initials and numbers of lists', () => {
    for (const text of [
      'We met Dr. Smith on the stairs.',
      'See the result in Fig. 3 of the paper.',
      'The novel by J. Tolkien is long.',
      '1. Open the box with care.',
    ]) {
      expect(split(text)).toEqual([text]);
    }
  });

  it('joins very short pieces to their neighbours', () => {
    expect(split('Yes. That is what he said to me. Right.')).toEqual([
      'Yes. That is what he said to me. Right.',
    ]);
  });

  it('does not take the end of a line for the end of a sentence', () => {
    expect(split('This sentence is\nwrapped over lines. The next one is not.')).toEqual([
      'This sentence is\nwrapped over lines.',
      'The next one is not.',
    ]);
  });

  it('parts Chinese and Japanese text', () => {
    expect(split('これは最初の文章です。これは二番目の文章です。')).toHaveLength(2);
  });

  it('covers all of any text, in order', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 200 });
    const long = fc.tuple(text, fc.integer({ min: 1, max: 200 })).map(([part, times]) => part.repeat(times));
    fc.assert(
      fc.property(fc.oneof(text, long), (paragraph) => {
        const found = sentences(paragraph);
        expect(found.map(({ start, end }) => paragraph.slice(start, end)).join('')).toBe(paragraph);
        expect(found.every(({ start, end }) => start < end)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
