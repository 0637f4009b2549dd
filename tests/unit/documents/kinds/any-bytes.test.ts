import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detectType } from '../../../../shared/documents/kinds/detect.ts';
import { zipNames } from '../../../../shared/documents/kinds/zip-directory.ts';
import { isBlockragError } from '../../../../shared/errors.ts';
import { fixture, utf8 } from '../../../support/document-fixtures.ts';
import { expectLinear } from '../../../support/growth.ts';

/** The type, or the code of the refusal. */
function verdict(bytes: Uint8Array, name: string, mediaType?: string): string {
  try {
    return detectType(bytes, { name, mediaType });
  } catch (error) {
    if (!isBlockragError(error)) throw error;
    return error.code;
  }
}

const STARTS = [
  '%PDF-',
  'PK\x03\x04',
  '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1',
  '<?xml',
  '<!--',
  '\xff\xfe',
  '\xef\xbb\xbf',
  '#!',
  'From a',
  '',
];
const name = fc.oneof(
  fc.constantFrom('a.pdf', 'a.docx', 'a.xlsx', 'a.odt', 'a.eml', 'a.html', 'a.md', 'a', '.', '', '__proto__'),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const bytes = fc
  .tuple(fc.constantFrom(...STARTS), fc.uint8Array({ maxLength: 400 }))
  .map(([start, rest]) => Buffer.concat([Buffer.from(start, 'latin1'), rest]));

describe('the kind of any bytes', () => {
  it('is found or refused, with any name and media type', () => {
    fc.assert(
      fc.property(bytes, name, fc.option(fc.string({ unit: 'binary' }), { nil: undefined }), (...given) => {
        expect(verdict(...given)).toMatch(/^[a-z_]+$/);
      }),
      { numRuns: 500 },
    );
  });

  it('is found or refused in damaged archives', () => {
    const guide = fixture('guide.docx');
    const tail = guide.length - 2_000;
    const change = fc.record({ at: fc.integer({ min: tail, max: guide.length - 1 }), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), fc.nat(guide.length), (changes, length) => {
        const damaged = Buffer.from(guide);
        for (const { at, value } of changes) damaged[at] = value;
        expect(verdict(damaged, 'a')).toMatch(/^[a-z_]+$/);
        expect(zipNames(damaged.subarray(0, length)).length).toBeLessThanOrEqual(10_000);
      }),
    );
  });

  it.each([
    ['comments', '<!-- a -->'],
    ['ends of comments', '<!---'],
    ['instructions', '<?a?>'],
    ['blanks', ' '],
    ['headers', 'a:\n'],
    ['continued headers', 'received:\n '],
    ['ends of archives', 'PK\x05\x06'],
    ['entries of archives', 'PK\x01\x02'],
    ['marks of UTF-16', '\xff\xfe'],
  ])('is found in a time that grows with the %s alone', async (_what, part) => {
    for (const start of ['', '<!--', 'PK\x03\x04', 'From a\n']) {
      await expectLinear(
        (size) => Buffer.from(start + part.repeat(size / part.length), 'latin1'),
        (input) => verdict(input, 'a'),
      );
    }
  });

  it('of text is not that of a page because it speaks of one', () => {
    expect(verdict(utf8('A page begins with <html>.'), 'a')).toBe('text');
  });
});
