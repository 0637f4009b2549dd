import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BlobIdentity, blobKey } from '../../../shared/kv/key.ts';

const IDENTITY: BlobIdentity = {
  weightsHash: 'weights',
  tokenizerHash: 'tokenizer',
  ropeHash: 'rope',
  anchor: undefined,
  dtype: 'int8',
  tenant: 'tenant',
  tokens: Uint32Array.of(1, 2, 3),
};
const anchor = { preface: 'ab', start: 10 };

describe('key of a blob', () => {
  test('is 64 hex digits, equal for equal content, and never changes', () => {
    const copy = { ...IDENTITY, tokens: Uint32Array.from(IDENTITY.tokens) };
    expect(blobKey(copy)).toBe(blobKey(IDENTITY));
    // Stored blobs are found by this number: a change needs a new BLOB_VERSION.
    expect(blobKey(IDENTITY)).toMatchInlineSnapshot(
      `"0c51e8ad1a05eb77b2d19fc10a343b03db4c7584c033bc3345ab9df259b0ea71"`,
    );
  });

  test('of a view into a larger buffer is that of its own tokens', () => {
    const tokens = Uint32Array.of(9, 1, 2, 3, 9).subarray(1, 4);
    expect(blobKey({ ...IDENTITY, tokens })).toBe(blobKey(IDENTITY));
  });

  test.each<[string, Partial<BlobIdentity>]>([
    ['weights', { weightsHash: 'weights2' }],
    ['tokenizer', { tokenizerHash: '' }],
    ['rope', { ropeHash: 'Rope' }],
    ['anchor', { anchor }],
    ['dtype', { dtype: 'fp16' }],
    ['tenant', { tenant: 'tenant ' }],
    ['one token', { tokens: Uint32Array.of(1, 2, 4) }],
    ['order of tokens', { tokens: Uint32Array.of(2, 1, 3) }],
    ['number of tokens', { tokens: Uint32Array.of(1, 2, 3, 0) }],
    ['a large token', { tokens: Uint32Array.of(1, 2, 3 + 65_536) }],
  ])('differs with the %s', (_, change) => {
    expect(blobKey({ ...IDENTITY, ...change })).not.toBe(blobKey(IDENTITY));
  });

  test('under anchor attention differs with the preface and with the position', () => {
    const keys = [
      anchor,
      { ...anchor, start: 11 },
      { ...anchor, preface: 'ac' },
      // Moves a digit from the position to the preface.
      { preface: 'ab1', start: 0 },
    ].map((one) => blobKey({ ...IDENTITY, anchor: one }));
    expect(new Set(keys).size).toBe(4);
  });

  test('frames its fields: text moved from one to the next gives another key', () => {
    const texts = ['weightsHash', 'tokenizerHash', 'ropeHash'] as const;
    fc.assert(
      fc.property(fc.string({ minLength: 2 }), fc.nat(), fc.nat(1), (text, at, which) => {
        const cut = (at % (text.length - 1)) + 1;
        const [left, right] = [texts[which]!, texts[which + 1]!];
        const whole = blobKey({ ...IDENTITY, [left]: text, [right]: '' });
        const moved = blobKey({ ...IDENTITY, [left]: text.slice(0, cut), [right]: text.slice(cut) });
        expect(moved).not.toBe(whole);
      }),
    );
  });
});
