import { it } from 'vitest';
import { splitDocument } from '../../../../shared/documents/passages/split.ts';
import type { ContentBlock, ParsedDocument } from '../../../../shared/documents/types.ts';
import { passageText } from '../../../../shared/model/prompt.ts';
import { expectLinear } from '../../../support/growth.ts';

/** Four letters are a token: it takes time, as that of a tokenizer does. */
const encode = (text: string) =>
  Uint32Array.from({ length: Math.ceil(text.length / 4) }, (_, i) => text.charCodeAt(i * 4));

const split = (sections: ParsedDocument['sections']) =>
  splitDocument({ title: 'T', metadata: {}, sections }, { encode, passageText, maxTokens: 64 });
const under = (content: ContentBlock[], headings: string[] = ['A']) => [{ headings, content }];
const text = (text: string): ContentBlock => ({ kind: 'text', text });
const SIZES = [2_000, 16_000, 64_000];

it.each([
  ['a text without a blank', (size: number) => under([text('x'.repeat(size))])],
  ['blanks', (size: number) => under([text(`a${' '.repeat(size)}b`)])],
  ['one sentence', (size: number) => under([text('so and '.repeat(size / 7))])],
  ['abbreviations', (size: number) => under([text('Dr. '.repeat(size / 4))])],
  ['points', (size: number) => under([text('.'.repeat(size))])],
  ['lines', (size: number) => under([{ kind: 'code', text: 'a\n'.repeat(size / 2) }])],
  ['list marks', (size: number) => under([text('- \n'.repeat(size / 3))])],
  ['surrogates', (size: number) => under([text('😀'.repeat(size / 2))])],
  [
    'paragraphs',
    (size: number) => under(Array.from({ length: size / 20 }, () => text('A short paragraph.'))),
  ],
  [
    'sections',
    (size: number) => Array.from({ length: size / 20 }, (_, n) => under([text('Short.')], [`${n}`])[0]!),
  ],
  [
    'a table of many rows',
    (size: number) =>
      under([{ kind: 'table', header: ['A'], rows: Array.from({ length: size / 10 }, () => ['a', 'b']) }]),
  ],
  [
    'a table of one wide row',
    (size: number) => under([{ kind: 'table', rows: [Array.from({ length: size / 10 }, () => 'a cell')] }]),
  ],
  [
    'a table with a long header',
    (size: number) => under([{ kind: 'table', header: ['h '.repeat(size / 2)], rows: [['a']] }]),
  ],
] as [string, (size: number) => ParsedDocument['sections']][])(
  'splitting %s takes a time that grows with the text alone',
  async (_what, make) => {
    await expectLinear(make, split, SIZES);
  },
);
