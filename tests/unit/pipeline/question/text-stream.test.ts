import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../../../../shared/model/tokenizer.ts';
import { TextStream } from '../../../../shared/pipeline/question/text-stream.ts';

/** A tokenizer whose token n is byte n, and whose tokens from 256 on are words; 300 is special. */
const WORDS = [' the', ' end', 'STOP', 'ST', 'OP', '\n\n', 'né', '€'];
const SPECIAL = 256 + WORDS.length;
const tokenizer = (() => {
  const printable = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let shifted = 256;
  const letters = Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(printable(byte) ? byte : shifted++),
  );
  const word = (text: string) => [...new TextEncoder().encode(text)].map((byte) => letters[byte]).join('');
  const tokens = [...letters, ...WORDS.map(word), '<|end|>'];
  const file = { pre: 'smollm', tokens, merges: [], special: [SPECIAL], bos: undefined, end: [SPECIAL] };
  return new Tokenizer({ ...file, addBos: false, chatTemplate: undefined }, '');
})();

const idsOf = (text: string) => [...new TextEncoder().encode(text)];

function pieces(ids: readonly number[], stop: readonly string[] = []) {
  const stream = new TextStream(tokenizer, stop);
  const given = ids.map((id) => stream.push(id));
  given.push(stream.end());
  return { given, text: given.join(''), stopped: stream.stopped };
}

const tokenIds = fc.array(
  fc.oneof(fc.integer({ min: 0, max: SPECIAL }), fc.constantFrom(...idsOf('é€😀'), 256, 258, 259, 260)),
  { maxLength: 40 },
);

describe('TextStream', () => {
  it('gives, joined, what the tokens decode to', () => {
    fc.assert(
      fc.property(tokenIds, (ids) => {
        expect(pieces(ids).text).toBe(tokenizer.decode(ids));
      }),
    );
  });

  it('gives the text before the first stop string, or all of it', () => {
    fc.assert(
      fc.property(tokenIds, fc.subarray(['STOP', ' the end', '\n\n', 'é', '']), (ids, stop) => {
        const all = tokenizer.decode(ids);
        const ends = stop
          .filter((text) => text !== '' && all.includes(text))
          .map((text) => all.indexOf(text));
        const { text, stopped } = pieces(ids, stop);
        expect(stopped).toBe(ends.length > 0);
        expect(text).toBe(all.slice(0, stopped ? Math.min(...ends) : all.length));
      }),
    );
  });

  it('gives a character when its last byte has come, and none broken', () => {
    const { given } = pieces(idsOf('a😀b'));
    expect(given).toEqual(['a', '', '', '', '😀', 'b', '']);
  });

  it('gives bytes that never became a character as U+FFFD at the end', () => {
    expect(pieces([97, 0xf0, 0x9f]).given).toEqual(['a', '', '', '\ufffd']);
  });

  it('holds back what may become a stop string, and gives it when it does not', () => {
    const stream = new TextStream(tokenizer, ['STOP']);
    expect(stream.push(259)).toBe('');
    expect(stream.push(65)).toBe('STA');
    expect(stream.push(259)).toBe('');
    expect(stream.push(260)).toBe('');
    expect(stream.stopped).toBe(true);
    expect([stream.push(65), stream.end()]).toEqual(['', '']);
  });

  it('leaves special tokens out', () => {
    expect(pieces([97, SPECIAL, 98]).text).toBe('ab');
  });
});
