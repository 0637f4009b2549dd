import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { Tokenizer, type TokenizerFile } from '../../../shared/model/tokenizer.ts';
import { golden } from '../../support/fixtures.ts';
import { testModel } from '../../support/models.ts';

/** Text with what trips tokenizers: emoji, joiners, combining marks, digits, line ends, halves of pairs. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc
    .array(
      fc.constantFrom(
        '👩‍👩‍👧',
        '😀',
        '\ud83d',
        '\ude00',
        'e\u0301',
        '\r\n',
        '\t',
        '  ',
        '½',
        '٤',
        '\u0000',
        'ß',
        "'ll",
        '日本',
        'a',
      ),
      { maxLength: 20 },
    )
    .map((parts) => parts.join('')),
);
/** As UTF-8 has it: a half of a surrogate pair becomes U+FFFD. */
const wellFormed = (input: string) => Buffer.from(input, 'utf8').toString('utf8');

/** Without what SmolLM2's vocabulary has no bytes for: some control characters, and planes that Unicode does not use. */
const spellable = (input: string) =>
  [...input].filter((c) => !UNSPELLABLE_CONTROLS.includes(c) && !isInUnusedPlane(c.codePointAt(0)!)).join('');
const UNSPELLABLE_CONTROLS = '\u0004\u0006\u0013\u0014\u0016\u001d';
const isInUnusedPlane = (codePoint: number) => codePoint >= 0x40000 && codePoint < 0xc0000;

describe('tokenizer of the default model', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await (await testModel('q8')).tokenizer();
  });

  test.each(golden().tokenize)('gives the reference ids for $text', ({ text, content, template }) => {
    expect([...tokenizer.encode(text)]).toEqual(content);
    expect([...tokenizer.encodeTemplate(text)]).toEqual(template);
  });

  test('decoding gives the text back', () => {
    fc.assert(
      fc.property(text.map(spellable), (input) => {
        expect(tokenizer.decode(tokenizer.encode(input))).toBe(wellFormed(input));
      }),
      { numRuns: 300 },
    );
  });

  test('special tokens written in plain text stay plain text', () => {
    const special = new Set(tokenizer.file.special);
    const written = tokenizer.file.special.map((id) => tokenizer.file.tokens[id]!);
    expect(written).toContain('<|im_start|>');
    const parts = fc.array(fc.oneof(fc.constantFrom(...written), text.map(spellable)), { maxLength: 8 });
    fc.assert(
      fc.property(parts, (all) => {
        const input = all.join('');
        const ids = tokenizer.encode(input);
        expect(ids.filter((id) => special.has(id))).toHaveLength(0);
        expect(tokenizer.decode(ids)).toBe(wellFormed(input));
      }),
    );
  });

  test('what the vocabulary has no bytes for is left out', () => {
    expect(tokenizer.decode(tokenizer.encode('a\u0004b\u{40000}c'))).toContain('ab');
  });

  test('decoding leaves special tokens out and joins the bytes of a character over tokens', () => {
    const emoji = tokenizer.encode('👩‍👩‍👧');
    expect(emoji.length).toBeGreaterThan(1);
    const [start, end] = tokenizer.encodeTemplate('<|im_start|><|im_end|>');
    expect(tokenizer.decode([start!, ...emoji, end!])).toBe('👩‍👩‍👧');
    expect(tokenizer.decode(emoji.subarray(0, 1))).toBe('\ufffd');
  });

  test('the end of a turn ends an answer', () => {
    expect(tokenizer.file.end).toContain(tokenizer.encodeTemplate('<|im_end|>')[0]);
  });
});

/** A tokenizer of single bytes and a few merges. */
function small(change: Partial<TokenizerFile>): Tokenizer {
  const byteTokens = Array.from({ length: 256 }, (_, byte) => BYTE_CHARACTERS[byte]!);
  const file: TokenizerFile = {
    pre: 'qwen2',
    tokens: [...byteTokens, '12', '123', '<|end|>', 'ab'],
    merges: ['1 2', '12 3', 'a b'],
    special: [258],
    bos: undefined,
    end: [258],
    addBos: false,
    chatTemplate: undefined,
    ...change,
  };
  return new Tokenizer(file, 'hash');
}
/** GPT-2's printable stand-ins for the 256 bytes. */
const BYTE_CHARACTERS = (() => {
  const printable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let shifted = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : shifted++));
})();

describe('pre-tokenizers', () => {
  test('qwen2 keeps digits apart, llama-bpe takes three at a time', () => {
    const ids = (pre: string) => [...small({ pre }).encode('1234')];
    expect(ids('qwen2')).toEqual([...'1234'].map((digit) => digit.charCodeAt(0)));
    expect(ids('llama-bpe')).toEqual([257, '4'.charCodeAt(0)]);
  });

  test('smollm keeps digits of every script apart', () => {
    const tokenizer = small({ pre: 'smollm' });
    expect([...tokenizer.encode('12')]).toEqual([49, 50]);
    expect(tokenizer.encode('٤٤')).toHaveLength(4);
  });

  test('qwen2 normalises to composed characters, the others leave text as it is', () => {
    expect(small({ pre: 'qwen2' }).decode(small({ pre: 'qwen2' }).encode('e\u0301'))).toBe('\u00e9');
    expect(small({ pre: 'llama-bpe' }).decode(small({ pre: 'llama-bpe' }).encode('e\u0301'))).toBe('e\u0301');
  });

  test.each(['smollm', 'qwen2', 'llama-bpe'])('%s gives text back and never a special id', (pre) => {
    const tokenizer = small({ pre });
    fc.assert(
      fc.property(text, (input) => {
        const ids = tokenizer.encode(`${input}<|end|>${input}`);
        expect(ids).not.toContain(258);
        const normal =
          pre === 'qwen2' ? `${input}<|end|>${input}`.normalize('NFC') : `${input}<|end|>${input}`;
        expect(tokenizer.decode(ids)).toBe(wellFormed(normal));
      }),
    );
  });

  test.each(['gpt-4o', 'llama/default', '', 'constructor'])('the unknown %j is refused by name', (pre) => {
    expect(() => small({ pre })).toThrow(
      expect.objectContaining({ code: 'model_unsupported', message: expect.stringContaining(`"${pre}"`) }),
    );
  });
});
