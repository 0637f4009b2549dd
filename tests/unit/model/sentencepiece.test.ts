import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openOriginal } from '../../../shared/model/open-original.ts';
import { isFoundWhole, SentencePiece } from '../../../shared/model/sentencepiece.ts';
import { Tokenizer } from '../../../shared/model/tokenizer.ts';
import { tinyDirectory } from '../../support/fixtures.ts';

const BYTES = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
);

/** A vocabulary of bytes and these tokens, the first of the best score. */
function pieces(tokens: string[], { control = [] as string[], whole = [] as string[] } = {}): SentencePiece {
  const all = [...BYTES, ...control, ...whole, ...tokens];
  const normal = BYTES.length + control.length + whole.length;
  return new SentencePiece({
    tokens: all,
    scores: all.map((_, id) => (id >= normal ? -id : null)),
    whole: whole.map((_, i) => BYTES.length + control.length + i),
  });
}

const spelled = (model: SentencePiece, text: string) =>
  model.encode(text).map((id) => Buffer.from(model.bytes(id)).toString());

describe('pieces of a text', () => {
  it('are merged by score, of equal ones the leftmost first', () => {
    expect(spelled(pieces(['a', 'b', 'ab', 'ba']), 'aba')).toEqual(['ab', 'a']);
    expect(spelled(pieces(['a', 'b', 'ba', 'ab']), 'aba')).toEqual(['a', 'ba']);
    expect(spelled(pieces(['a', 'aa']), 'aaaaa')).toEqual(['aa', 'aa', 'a']);
  });

  it('take a space with them, and put none before the text', () => {
    const model = pieces(['a', '\u2581', '\u2581a']);
    expect(spelled(model, 'a a  a')).toEqual(['a', ' a', ' ', ' a']);
  });

  it('are bytes where the vocabulary lacks a character', () => {
    const model = pieces(['a']);
    expect(model.encode('a\u00e9')).toEqual([256, 0xc3, 0xa9]);
  });

  it('are found whole before anything is merged, the longest first', () => {
    const model = pieces(['a', '\n', 'a\n'], { whole: ['\n\n', '  ', '<h1>'] });
    expect(spelled(model, 'a\n\n\n<h1>  a')).toEqual(['a', '\n\n', '\n', '<h1>', '  ', 'a']);
  });

  it('never become a control token', () => {
    const model = pieces(['<', 'b', '>', '<b', '<b>'], { control: ['<b>'] });
    expect(model.encode('<b>')).not.toContain(256);
  });

  it('of a long text without a space take no time that grows with its square', () => {
    const model = pieces(['a', 'aa', 'aaaa', 'aaaaaaaa']);
    expect(model.encode('a'.repeat(200_000))).toHaveLength(25_000);
  });

  it('give the text back', async () => {
    const original = await openOriginal(tinyDirectory('gemma3'));
    const tokenizer = new Tokenizer(original.tokenizer!, '');
    await original.close();
    const special = new Set(tokenizer.file.special);
    const part = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom('<bos>', '<unused0>', '<h1>', '\n\n', '  ', 'ferry', '\ud83d'),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const text = parts.join('').replaceAll('\u2581', '');
        const ids = tokenizer.encode(text);
        expect(tokenizer.decode(ids)).toBe(Buffer.from(text).toString());
        expect(ids.some((id) => special.has(id))).toBe(false);
      }),
    );
  });
});

it.each([
  ['\n\n', true],
  ['\u2581\u2581', true],
  ['</h1>', true],
  ['<unused7>', false],
  ['<mask>', false],
  ['[multimodal]', false],
  ['<start_of_turn>', false],
])('an added token %j is text: %s', (token, isText) => {
  expect(isFoundWhole(token)).toBe(isText);
});
