import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isBlockragError } from '../../../shared/errors.ts';
import { decodeBlob, type ExpectedBlob, isIntact } from '../../../shared/kv/blob.ts';
import { KV_DTYPES, type KvDtype } from '../../../shared/kv/dtypes.ts';
import { dequantizeRows } from '../../../shared/kv/reencode.ts';
import type { BlockKv } from '../../../shared/kv/shape.ts';
import { block, encode, expected, SHAPE, stored, WIDTH } from '../../support/blocks.ts';

const magnitude = fc.constantFrom(1e-6, 0.01, 1, 200, 3000);
const kv: fc.Arbitrary<BlockKv> = fc
  .record({ tokens: fc.integer({ min: 1, max: 5 }), scale: magnitude })
  .chain(({ tokens, scale }) => {
    // A channel of numbers near float32's smallest has a step that float32 cannot hold.
    const value = fc
      .float({ min: -1, max: 1, noNaN: true })
      .map((x) => (Math.abs(x) < 1e-20 ? 0 : x * scale));
    const rows = fc
      .array(value, { minLength: tokens * WIDTH, maxLength: tokens * WIDTH })
      .map((values) => Float32Array.from(values));
    const layers = fc.array(rows, { minLength: SHAPE.layers, maxLength: SHAPE.layers });
    return fc.record({ tokens: fc.constant(tokens), keys: layers, values: layers });
  });
const bias = fc.option(
  fc
    .array(fc.float({ min: -200, max: 200, noNaN: true }), { minLength: WIDTH, maxLength: WIDTH })
    .map((row) => Array.from({ length: SHAPE.layers }, () => Float32Array.from(row))),
  { nil: undefined },
);

/** Keys and values as a context gets them from the stored blob. */
function restored(source: BlockKv, dtype: KvDtype, keyBias: Float32Array[] | undefined) {
  const blob = stored(source, dtype, keyBias);
  const rows = (of: (typeof blob)['keys'], scales: Float32Array[], biases: Float32Array[] | undefined) =>
    of.map((stored, layer) => {
      const out = new Float32Array(stored.length);
      dequantizeRows(stored, scales[layer], biases?.[layer], out);
      return out;
    });
  const readBias = dtype === 'fp32' ? undefined : keyBias;
  return {
    blob,
    keys: rows(blob.keys, blob.keyScales, readBias),
    values: rows(blob.values, blob.valueScales, undefined),
  };
}

/** Calls `check` with each pair of numbers, before and after, and their channel's index. */
function compare(
  before: Float32Array[],
  after: Float32Array[],
  check: (a: number, b: number, layer: number, channel: number) => void,
) {
  before.forEach(
    (rows, layer) => void rows.forEach((x, i) => void check(x, after[layer]![i]!, layer, i % WIDTH)),
  );
}

describe('numbers in a blob', () => {
  test('fp32 keeps every bit, with and without a key bias', () => {
    fc.assert(
      fc.property(kv, bias, (source, keyBias) => {
        const { keys, values } = restored(source, 'fp32', keyBias);
        expect({ keys, values }).toEqual({ keys: source.keys, values: source.values });
      }),
    );
  });

  test('fp16 is off by 2^-11 of the number less its bias at most', () => {
    fc.assert(
      fc.property(kv, bias, (source, keyBias) => {
        const { keys, values } = restored(source, 'fp16', keyBias);
        // 2^-25: half a step of the smallest numbers; float32's own rounding of the sum with the bias comes on top.
        const limit = (x: number, around: number) =>
          Math.abs(x - around) * 2 ** -11 + 2 ** -25 + 2 ** -23 * (Math.abs(x) + Math.abs(around));
        compare(source.keys, keys, (a, b, layer, c) => {
          expect(Math.abs(a - b)).toBeLessThanOrEqual(limit(a, keyBias?.[layer]?.[c] ?? 0));
        });
        compare(
          source.values,
          values,
          (a, b) => void expect(Math.abs(a - b)).toBeLessThanOrEqual(limit(a, 0)),
        );
      }),
    );
  });

  test('int8 is off by half a step of its channel at most', () => {
    fc.assert(
      fc.property(kv, bias, (source, keyBias) => {
        const { blob, keys, values } = restored(source, 'int8', keyBias);
        const rounding = (x: number) => 2 ** -22 * (Math.abs(x) + 200);
        compare(source.keys, keys, (a, b, layer, c) => {
          expect(Math.abs(a - b)).toBeLessThanOrEqual(blob.keyScales[layer]![c]! * 0.5001 + rounding(a));
        });
        compare(source.values, values, (a, b, layer, c) => {
          expect(Math.abs(a - b)).toBeLessThanOrEqual(blob.valueScales[layer]![c]! * 0.5001);
        });
      }),
    );
  });

  test('a step of int8 is 1/127 of the channel, and the bias takes no part of it', () => {
    const source = block(20);
    const keyBias = source.keys.map(() => new Float32Array(WIDTH).fill(100));
    const biased = { ...source, keys: source.keys.map((rows) => rows.map((x) => x + 100)) };
    const plain = stored(source, 'int8');
    const { keyScales } = stored(biased, 'int8', keyBias);
    const channel = Array.from({ length: 20 }, (_, token) => Math.abs(source.keys[0]![token * WIDTH]!));
    expect(plain.keyScales[0]![0]).toBeCloseTo(Math.max(...channel) / 127, 6);
    expect(keyScales[1]![3]).toBeCloseTo(plain.keyScales[1]![3]!, 5);
  });

  test('a channel of zeros stays zero', () => {
    const source = block(3);
    for (let token = 0; token < 3; token++) source.values[0]![token * WIDTH + 2] = 0;
    const { blob, values } = restored(source, 'int8', undefined);
    expect(blob.valueScales[0]![2]).toBe(0);
    expect(values[0]![2]).toBe(0);
  });
});

/** What a reader says of an object: its error's code, or "read". */
function verdict(object: Uint8Array, wanted: ExpectedBlob): string {
  try {
    decodeBlob(object, wanted);
    return 'read';
  } catch (error) {
    return isBlockragError(error) ? error.code : String(error);
  }
}

/** A blob whose header is another JSON text, with its length and checksum right. */
function withHeader(object: Uint8Array, json: string): Uint8Array {
  const old = Buffer.from(object);
  const oldEnd = 48 + old.readUInt32LE(12);
  const text = Buffer.from(json);
  const sections = old.subarray(Math.ceil(oldEnd / 64) * 64);
  const out = Buffer.from(new ArrayBuffer(Math.ceil((48 + text.length) / 64) * 64 + sections.length));
  old.copy(out, 0, 0, 12);
  out.writeUInt32LE(text.length, 12);
  createHash('sha256').update(text).digest().copy(out, 16);
  text.copy(out, 48);
  sections.copy(out, out.length - sections.length);
  return out;
}
const headerOf = (object: Uint8Array) =>
  JSON.parse(Buffer.from(object).toString('utf8', 48, 48 + Buffer.from(object).readUInt32LE(12)));

describe('damaged blobs', () => {
  const TOKENS = 8; // sections of int8 are exactly one alignment long: no padding between them

  test.each(['sha256', 'crc32'] as const)('%s notices every flipped byte', (verify) => {
    const object = encode(block(TOKENS), 'int8');
    const wanted = expected(TOKENS, 'int8', verify);
    const headerEnd = 48 + Buffer.from(object).readUInt32LE(12);
    const start = Math.ceil(headerEnd / 64) * 64;
    expect(verdict(object, wanted)).toBe('read');
    for (let at = 0; at < object.length; at++) {
      const flipped = object.slice();
      flipped[at]! ^= 1 << (at % 8);
      // The zeros up to the first section hold nothing and are never read.
      const padding = at >= headerEnd && at < start;
      expect(verdict(flipped, wanted), `byte ${at}`).toBe(padding ? 'read' : 'blob_invalid');
      expect(isIntact(flipped), `byte ${at}`).toBe(padding);
    }
  });

  test('whoever knows the checksums to be right need not compare them again, but the header is read', () => {
    const object = encode(block(TOKENS), 'int8');
    expect(isIntact(object)).toBe(true);
    const unchecked = expected(TOKENS, 'int8', 'none');
    object[object.length - 1]! ^= 1;
    expect(verdict(object, unchecked)).toBe('read');
    expect(verdict(object, { ...unchecked, key: 'another' })).toBe('blob_invalid');
    object[60]! ^= 1;
    expect(verdict(object, unchecked)).toBe('blob_invalid');
  });

  test('notices a blob that ends too early, wherever it ends', () => {
    const object = encode(block(3), 'int8');
    for (let length = 0; length < object.length; length++) {
      const part = object.slice(0, length);
      expect(verdict(part, expected(3, 'int8')), `${length} bytes`).toBe('blob_invalid');
      expect(isIntact(part), `${length} bytes`).toBe(false);
    }
  });

  test.each<[string, Partial<ExpectedBlob>]>([
    ['key', { key: 'another' }],
    ['dtype', { dtype: 'fp32' }],
    ['number of tokens', { tokens: 4 }],
    ['number of layers', { shape: { ...SHAPE, layers: 1 } }],
    ['number of KV heads', { shape: { layers: 2, kvHeads: 4, headDim: 2 } }],
  ])('refuses a blob of another %s', (_, change) => {
    const object = encode(block(3), 'fp16');
    expect(verdict(object, { ...expected(3, 'fp16'), ...change })).toBe('blob_invalid');
  });

  test('refuses what was computed by another than those accepted, and says by whom', () => {
    const object = encode(block(3), 'fp16');
    expect(verdict(object, { ...expected(3, 'fp16'), provenance: ['other', 'test'] })).toBe('read');
    expect(() => decodeBlob(object, { ...expected(3, 'fp16'), provenance: ['other'] })).toThrow(
      /computed by test, which is not accepted/,
    );
  });

  test('refuses an unknown format version by its number', () => {
    const object = encode(block(3), 'fp16');
    object[8] = 9;
    expect(() => decodeBlob(object, expected(3, 'fp16'))).toThrow(/version is 9/);
  });

  test.each(['', '{', 'null', '[]', '"text"', '{"sections":null}'])('refuses the header %j', (json) => {
    const object = withHeader(encode(block(3), 'fp16'), json);
    expect(verdict(object, expected(3, 'fp16'))).toBe('blob_invalid');
  });

  test.each<[string, (header: ReturnType<typeof headerOf>) => unknown]>([
    ['no sections', (header) => ({ ...header, sections: undefined })],
    ['sections that are no list', (header) => ({ ...header, sections: 5 })],
    ['a section that is null', (header) => ({ ...header, sections: [null] })],
    ['sections without fields', (header) => ({ ...header, sections: [{}] })],
    ['a section far beyond the end', (header) => ({ ...header, sections: move(header.sections, 2 ** 40) })],
    ['a section before the start', (header) => ({ ...header, sections: move(header.sections, -64) })],
    ['rotated keys', (header) => ({ ...header, rotation: 'local' })],
  ])('refuses a header with %s', (_, change) => {
    const object = encode(block(3), 'fp16');
    const changed = withHeader(object, JSON.stringify(change(headerOf(object))));
    expect(verdict(changed, expected(3, 'fp16'))).toBe('blob_invalid');
    expect(() => isIntact(changed)).not.toThrow();
  });

  test('refuses random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(verdict(bytes.slice(), expected(3, 'fp16'))).toBe('blob_invalid');
        expect(isIntact(bytes.slice())).toBe(false);
      }),
    );
  });
});

const move = (sections: { offset: number }[], offset: number) =>
  sections.map((section, i) => (i === 0 ? { ...section, offset } : section));

describe('form of a blob', () => {
  test.each(KV_DTYPES)('%s sections start at multiples of 64 and are views, not copies', (dtype) => {
    const object = encode(block(5), dtype);
    const blob = decodeBlob(object, expected(5, dtype));
    for (const rows of [...blob.keys, ...blob.values]) {
      expect(rows.byteOffset % 64).toBe(0);
      expect(rows.buffer).toBe(object.buffer);
    }
  });

  test('equal keys and values give equal bytes', () => {
    expect(encode(block(5), 'int8')).toEqual(encode(block(5), 'int8'));
  });

  test('is read at an offset inside a larger buffer too', () => {
    const object = encode(block(5), 'fp32');
    const buffer = new Uint8Array(object.length + 128);
    buffer.set(object, 64);
    const blob = decodeBlob(buffer.subarray(64, 64 + object.length), expected(5, 'fp32'));
    expect(blob.keys).toEqual(block(5).keys);
  });
});
