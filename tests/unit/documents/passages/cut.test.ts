import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutPoint, cutToFit } from '../../../../shared/documents/passages/cut.ts';

const whole = (text: string) => ({ start: 0, end: text.length });
const bytes = (text: string) => Buffer.byteLength(text);
const cut = (text: string, limit: number) =>
  cutToFit(text, whole(text), bytes, limit).map(({ start, end }) => text.slice(start, end));

describe('cutPoint', () => {
  it.each([
    ['a line', 'one, two three\nfour five', 'one, two three\n'],
    ['a clause', 'one two, three four five', 'one two,'],
    ['a word', 'one two three four five', 'one two three '],
    ['a character', 'onetwothreefour', 'onetwot'],
  ])('cuts after %s', (_what, text, before) => {
    expect(text.slice(0, cutPoint(text, whole(text), text.length / 2))).toBe(before);
  });
});

describe('cutToFit', () => {
  it('cuts between characters, never inside one, down to single ones', () => {
    expect(cut('😀x', 4)).toEqual(['😀', 'x']);
    expect(cut('x😀', 4)).toEqual(['x', '😀']);
    expect(cut('😀😀😀', 5)).toEqual(['😀', '😀', '😀']);
  });

  it('loses nothing of any text and keeps every piece within the limit', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'é', '語', '😀', ' ', ', ', '\n'), maxLength: 80 });
    fc.assert(
      fc.property(text, fc.integer({ min: 4, max: 30 }), (paragraph, limit) => {
        const pieces = cutToFit(paragraph, whole(paragraph), bytes, limit);
        const texts = pieces.map(({ start, end }) => paragraph.slice(start, end));
        expect(texts.join('').replace(/\s/g, '')).toBe(paragraph.replace(/\s/g, ''));
        expect(pieces.map(({ tokens }) => tokens)).toEqual(texts.map(bytes));
        for (const piece of texts) {
          expect(bytes(piece)).toBeLessThanOrEqual(limit);
          expect(piece).not.toBe('');
          expect(/^[\udc00-\udfff]|[\ud800-\udbff]$/.test(piece)).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a limit that not even one character meets', () => {
    expect(() => cut('語', 2)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });
});
