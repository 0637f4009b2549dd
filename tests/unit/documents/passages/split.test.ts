import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockText } from '../../../../shared/documents/passages/pieces.ts';
import { type SplitOptions, splitDocument } from '../../../../shared/documents/passages/split.ts';
import type {
  ContentBlock,
  ParsedDocument,
  Section,
  TableBlock,
} from '../../../../shared/documents/types.ts';
import { passageText } from '../../../../shared/model/prompt.ts';

/** Words of up to four letters with the space before them are tokens, as in byte-pair encodings. */
const words = (text: string) =>
  Uint32Array.from(text.match(/ ?[^\s]{1,4}|\s/gu) ?? [], (t) => t.codePointAt(0)!);
/** Every byte is a token: the most that a byte-level tokenizer makes. */
const bytes = (text: string) => Uint32Array.from(new TextEncoder().encode(text));
/** Tokens reach over sentences and paragraphs: counts of parts do not add up. */
const chunks = (text: string) =>
  Uint32Array.from({ length: Math.ceil(text.length / 3) }, (_, i) => text.charCodeAt(i * 3));

const options: SplitOptions = { encode: words, passageText, maxTokens: 64 };
const text = (text: string): ContentBlock => ({ kind: 'text', text });
const section = (headings: string[], ...paragraphs: string[]): Section => ({
  headings,
  content: paragraphs.map(text),
});
/** A document of one section or more. */
const document = (sections: Section[], title = 'T'): ParsedDocument => ({ title, metadata: {}, sections });
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
  const block: fc.Arbitrary<ContentBlock> = fc.record({
    kind: fc.constantFrom('text', 'code'),
    text: paragraph.filter((text) => /\S/.test(text)),
    page: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  });
  const anyDocument: fc.Arbitrary<ParsedDocument> = fc.record({
    title: fc.string({ unit: 'grapheme', maxLength: 300 }),
    metadata: fc.constant({}),
    sections: fc.array(
      fc.record({
        headings: fc.array(fc.constantFrom('A', 'B', 'a long heading '.repeat(9)), { maxLength: 3 }),
        content: fc.array(block, { minLength: 1, maxLength: 4 }),
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
      fc.property(anyDocument, fc.integer({ min: 32, max: 300 }), (parsed, maxTokens) => {
        const passages = splitDocument(parsed, { encode, passageText, maxTokens });
        expect(solid(passages.map(({ text }) => text))).toBe(
          solid(parsed.sections.flatMap((s) => s.content.map(blockText))),
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
    const passages = splitDocument(document([section([], many(20))]), options);
    expect(passages.length).toBeGreaterThan(3);
    for (const { text } of passages) expect(text).toMatch(/^Sentence .*widget\.$/s);
  });

  it('keeps paragraphs apart in a passage', () => {
    const [passage] = splitDocument(document([section([], 'One here.', 'Two here.')]), options);
    expect(passage?.text).toBe('One here.\n\nTwo here.');
  });

  it('evens out the last two passages instead of leaving a crumb', () => {
    const passages = splitDocument(document([section([], many(5))]), options);
    const sizes = passages.map(({ text }) => text.split('. ').length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  it('does not mix sections of different headings', () => {
    const parsed = document([section(['A'], sentence(1)), section(['B'], sentence(2))]);
    expect(splitDocument(parsed, options).map(({ title }) => title)).toEqual(['T > A', 'T > B']);
  });

  it('puts tiny sections together and names them all', () => {
    const parsed = document([section(['A', 'B'], 'Tiny.'), section(['A', 'C'], 'Small.')]);
    expect(splitDocument(parsed, options)).toMatchObject([
      { title: 'T > A > B / C', text: 'Tiny.\n\nSmall.' },
    ]);
  });

  it('lets a passage go on over pages and tells from where to where', () => {
    const content = [1, 2].map((page) => ({ ...text(sentence(page)), page }));
    expect(splitDocument(document([{ headings: ['A'], content }]), options)).toMatchObject([
      { title: 'T > A', page: 1, pageEnd: 2 },
    ]);
  });

  it('cuts a sentence that is too long after a clause, else after a word', () => {
    const clauses = Array.from({ length: 30 }, (_, i) => `then came clause ${i}`).join(', ');
    const plain = 'many words and no end '.repeat(30);
    const [a, b] = [clauses, plain].map((text) => splitDocument(document([section([], text)]), options));
    for (const { text } of a!.slice(0, -1)) expect(text).toMatch(/,$/);
    expect(b!.map(({ text }) => text).join(' ')).toBe(plain.trim());
  });

  it('keeps the document and the nearest heading in a title that must be cut', () => {
    const parsed = document([section(['Middle '.repeat(20), 'Last'], 'Text.')], 'Guide');
    expect(splitDocument(parsed, options)[0]?.title).toBe('Guide > Last');
  });

  it('gives nothing for a document without text', () => {
    expect(splitDocument(document([]), options)).toEqual([]);
  });

  it('refuses passages too small for their frame', () => {
    expect(() => splitDocument(document([]), { ...options, maxTokens: 31 })).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    );
  });

  it('splits five megabytes in one line', () => {
    const line = 'lorem ipsum dolor sit amet '.repeat(190_000);
    const passages = splitDocument(document([section([], line)]), { ...options, maxTokens: 256 });
    expect(solid(passages.map(({ text }) => text))).toBe(solid([line]));
  });
});

describe('a table', () => {
  const rows = (count: number) =>
    Array.from({ length: count }, (_, i) => [`PX-${i} no. ${i}`, `${i}`, '3.50']);
  const table = (block: Omit<TableBlock, 'kind'>): ContentBlock => ({
    kind: 'table',
    ...block,
  });
  const split = (block: ContentBlock) =>
    splitDocument(document([{ headings: [], content: [block] }]), options);

  it('keeps its rows whole and repeats caption and header in each passage', () => {
    const passages = split(table({ caption: 'Parts', header: ['Part', 'Bin', 'Price'], rows: rows(60) }));
    expect(passages.length).toBeGreaterThan(5);
    for (const { text } of passages) {
      const [caption, header, ...lines] = text.split('\n');
      expect([caption, header]).toEqual(['Parts', 'Part | Bin | Price']);
      for (const line of lines) expect(line).toMatch(/^PX-\d+ no\. \d+ \| \d+ \| 3\.50$/);
    }
    const lines = passages.flatMap(({ text }) => text.split('\n').slice(2));
    expect(lines).toEqual(rows(60).map((row) => row.join(' | ')));
  });

  it('of more columns than a passage has room for names the column of each value, and its row in each passage', () => {
    const header = Array.from({ length: 60 }, (_, i) => `column ${i}`);
    const values = (row: number) => header.map((_, i) => (i === 7 ? '' : `${i === 0 ? row : 'x'}-${i}`));
    const passages = split(table({ caption: 'Ports', header, rows: [values(1), values(2)] }));
    const lines = passages.map(({ text }) => text.split('\n'));
    for (const [caption, first] of lines) {
      expect(caption).toBe('Ports');
      expect(first).toMatch(/^column 0: [12]-0$/);
    }
    const others = lines.flat().filter((line) => !/^(?:Ports|column 0: .*|)$/.test(line));
    const expected = header.flatMap((name, i) => (i === 0 || i === 7 ? [] : [`${name}: x-${i}`]));
    expect(others).toEqual([...expected, ...expected]);
  });

  it('has a header that is too long for a passage once only where it names few columns', () => {
    const header = ['word '.repeat(40).trim(), 'b'];
    const all = split(table({ header, rows: rows(9) })).map(({ text }) => text);
    expect(all.join(' ').match(/word/g)).toHaveLength(40);
  });

  it('loses no word of a row that alone is longer than a passage', () => {
    const long = Array.from({ length: 200 }, (_, i) => `cell ${i}`);
    const passages = split(table({ header: ['a', 'b'], rows: [['1', '2'], long, ['3', '4']] }));
    for (const { tokens } of passages) expect(tokens.length).toBeLessThanOrEqual(64);
    expect(solid(passages.map(({ text }) => text.replaceAll('a | b\n', '')))).toBe(
      solid(['1 | 2', long.join(' | '), '3 | 4']),
    );
  });

  it('stands whole in a passage with the text around it', () => {
    const content = [text('Before.'), table({ header: ['a'], rows: [['1'], ['2']] }), text('After.')];
    const [passage] = splitDocument(document([{ headings: [], content }]), options);
    expect(passage?.text).toBe('Before.\n\na\n1\n2\n\nAfter.');
  });
});

describe('lines', () => {
  it('of code are never cut and keep their indentation', () => {
    const lines = Array.from({ length: 40 }, (_, i) => `  if (no. ${i}) return "a. b. c";`);
    const content: ContentBlock[] = [{ kind: 'code', text: lines.join('\n') }];
    const passages = splitDocument(document([{ headings: [], content }]), options);
    expect(passages.length).toBeGreaterThan(3);
    for (const { text } of passages) {
      const [, ...rest] = text.split('\n');
      for (const line of rest) expect(lines).toContain(line);
    }
  });

  it('of a list are cut between the items, whatever their ends', () => {
    const items = Array.from({ length: 40 }, (_, i) => `- shackle of steel, no. ${i}`);
    const passages = splitDocument(document([section([], items.join('\n'))]), options);
    const lines = passages.flatMap(({ text }) => text.split('\n'));
    expect(lines).toEqual(items);
  });
});
