import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readingText } from '../../../../shared/documents/pdf/inline.ts';

describe('the reading text of a paragraph', () => {
  it.each([
    ['**Note:** the *upper* lock', 'Note:theupperlock', 'Note: the upper lock'],
    ['extern GVC_t *gvContext(char **info);', 'externGVC_t*gvContext(char**info);', undefined],
    ['set **max_open_files** to `4_000`', 'setmax_open_filesto4_000', 'set max_open_files to 4_000'],
    ['a \\*starred\\* word', 'a*starred*word', 'a *starred* word'],
    ['C:\\temp\\new', 'C:\\temp\\new', undefined],
  ])('has the marks that the page shows and no others: %s', (markdown, shown, text = markdown) => {
    expect(readingText(markdown, shown)).toBe(text);
  });

  it('has the address of a link that the text does not say', () => {
    expect(readingText('see [the _page_](https://a.example/x_y) now', 'seethepagenow')).toBe(
      'see the page (https://a.example/x_y) now',
    );
    expect(readingText('[a.example](https://www.a.example/)', 'a.example')).toBe('a.example');
    expect(readingText('[part 2](#part2)', 'part2')).toBe('part 2');
  });

  it('loses no letter, whatever the page shows', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '_', 'é', '港'), maxLength: 40 });
    fc.assert(
      fc.property(text, text, (markdown, shown) => {
        const letters = (of: string) => of.replace(/[*_\s]/g, '');
        expect(letters(readingText(markdown, shown))).toBe(letters(markdown));
        expect(readingText(markdown, markdown)).toBe(markdown.trim());
      }),
    );
  });
});
