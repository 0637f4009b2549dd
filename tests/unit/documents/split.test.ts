import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SplitOptions, splitDocument } from '../../../shared/documents/split.ts';
import type { ParsedDocument } from '../../../shared/documents/types.ts';
import { passageText } from '../../../shared/model/prompt.ts';

/** Words of up to four letters with the space before them are tokens, as in byte-pair encodings. */
const words = (text: string) =>
  Uint32Array.from(text.match(/ ?[^\s]{1,4}|\s/gu) ?? [], (t) => t.codePointAt(0)!);
/** Every byte is a token: the most that a byte-level tokenizer makes. */
const bytes = (text: string) => Uint32Array.from(new TextEncoder().encode(text));
/** Tokens reach over sentences and paragraphs: counts of parts do not add up. */
const chunks = (text: string) =>
  Uint32Array.from({ length: Math.ceil(text.length / 3) }, (_, i) => text.charCodeAt(i * 3));

const options: SplitOptions = { encode: words, passageText, maxTokens: 64 };
const section = (headings: string[], ...paragraphs: string[]) => ({ headings, page: undefined, paragraphs });
const solid = (texts: string[]) => texts.join('').replace(/\s/g, '');

describe('splitDocument keeps its promises for any text', () => {
  const unit = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
    fc.lorem({ mode: 'sentences', maxCount: 12 }),
    fc.integer({ min: 1, max: 9000 }).map((n) => 'x'.repeat(n)),
    fc.integer({ min: 1, max: 300 }).map((n) => '😀'.repeat(n)),
    fc.integer({ min: 1, max: 9000 }).map((n) => `a${' '.repeat(n)}b`),
    fc.constantFrom('Dr. ', '1. ', '\n', '。', ', '),
  );
  const paragraph = fc.array(unit, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
  const document: fc.Arbitrary<ParsedDocument> = fc.record({
    title: fc.string({ unit: 'grapheme', maxLength: 300 }),
    sections: fc.array(
      fc.record({
        headings: fc.array(fc.constantFrom('A', 'B', 'a long heading '.repeat(9)), { maxLength: 3 }),
        page: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
        paragraphs: fc.array(
          paragraph.filter((text) => /\S/.test(text)),
          { minLength: 1, maxLength: 4 },
        ),
      }),
      { maxLength: 4 },
    ),
  });

  it.each([
    ['words', words],
    ['bytes', bytes],
    ['chunks', chunks],
  ])('with tokens that are %s', (_name, encode) => {
    fc.assert(
      fc.property(document, fc.integer({ min: 32, max: 300 }), (parsed, maxTokens) => {
        const passages = splitDocument(parsed, { encode, passageText, maxTokens });
        expect(solid(passages.map(({ text }) => text))).toBe(
          solid(parsed.sections.flatMap((s) => s.paragraphs)),
        );
        for (const { title, text, tokens } of passages) {
          expect(tokens).toEqual(encode(passageText(title, text)));
          expect(tokens.length).toBeLessThanOrEqual(maxTokens);
          expect(encode(title).length).toBeLessThanOrEqual(maxTokens / 4);
          expect(title).not.toContain('\n');
          expect(text).toBe(text.trim());
          expect(/^[\udc00-\udfff]|[\ud800-\udbff]$/.test(text)).toBe(false);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('splitDocument', () => {
  const sentence = (n: number) => `Sentence number ${n} says a little about the widget.`;
  const many = (count: number) => Array.from({ length: count }, (_, i) => sentence(i)).join(' ');

  it('cuts at the ends of sentences', () => {
    const passages = splitDocument({ title: 'T', sections: [section([], many(20))] }, options);
    expect(passages.length).toBeGreaterThan(3);
    for (const { text } of passages) expect(text).toMatch(/^Sentence .*widget\.$/s);
  });

  it('keeps paragraphs apart in a passage', () => {
    const [passage] = splitDocument(
      { title: 'T', sections: [section([], 'One here.', 'Two here.')] },
      options,
    );
    expect(passage?.text).toBe('One here.\n\nTwo here.');
  });

  it('evens out the last two passages instead of leaving a crumb', () => {
    const passages = splitDocument({ title: 'T', sections: [section([], many(5))] }, options);
    const sizes = passages.map(({ text }) => text.split('. ').length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  it('does not mix sections of different headings', () => {
    const parsed = { title: 'T', sections: [section(['A'], sentence(1)), section(['B'], sentence(2))] };
    expect(splitDocument(parsed, options).map(({ title }) => title)).toEqual(['T > A', 'T > B']);
  });

  it('puts tiny sections together and names them all', () => {
    const parsed = { title: 'T', sections: [section(['A', 'B'], 'Tiny.'), section(['A', 'C'], 'Small.')] };
    expect(splitDocument(parsed, options)).toMatchObject([
      { title: 'T > A > B / C', text: 'Tiny.\n\nSmall.' },
    ]);
  });

  it('lets a passage go on over pages and tells where it starts', () => {
    const pages = [1, 2].map((page) => ({ ...section(['A'], sentence(page)), page }));
    expect(splitDocument({ title: 'T', sections: pages }, options)).toMatchObject([
      { title: 'T > A', page: 1 },
    ]);
  });

  it('cuts a sentence that is too long after a clause, else after a word', () => {
    const clauses = Array.from({ length: 30 }, (_, i) => `then came clause ${i}`).join(', ');
    const plain = 'many words and no end '.repeat(30);
    const [a, b] = [clauses, plain].map((text) =>
      splitDocument({ title: 'T', sections: [section([], text)] }, options),
    );
    for (const { text } of a!.slice(0, -1)) expect(text).toMatch(/,$/);
    expect(b!.map(({ text }) => text).join(' ')).toBe(plain.trim());
  });

  it('keeps the document and the nearest heading in a title that must be cut', () => {
    const parsed = { title: 'Guide', sections: [section(['Middle '.repeat(20), 'Last'], 'Text.')] };
    expect(splitDocument(parsed, options)[0]?.title).toBe('Guide > Last');
  });

  it('gives nothing for a document without text', () => {
    expect(splitDocument({ title: 'T', sections: [] }, options)).toEqual([]);
  });

  it('refuses passages too small for their frame', () => {
    expect(() => splitDocument({ title: 'T', sections: [] }, { ...options, maxTokens: 31 })).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    );
  });

  it('splits five megabytes in one line', () => {
    const line = 'lorem ipsum dolor sit amet '.repeat(190_000);
    const passages = splitDocument(
      { title: 'T', sections: [section([], line)] },
      { ...options, maxTokens: 256 },
    );
    expect(solid(passages.map(({ text }) => text))).toBe(solid([line]));
  });
});
