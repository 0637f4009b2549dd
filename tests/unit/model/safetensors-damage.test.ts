import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isBlockragError } from '../../../shared/errors.ts';
import { Safetensors } from '../../../shared/model/safetensors.ts';
import { expectLinear } from '../../support/growth.ts';
import { safetensors } from '../../support/safetensors.ts';

/** A file of a header and of so many bytes of data. */
function fileOf(header: string, bytes = 16): Buffer {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(bytes)]);
}

/** Reads all that a file says there is, or is refused with an error of ours. */
function read(bytes: Uint8Array): number {
  try {
    const file = new Safetensors('x', bytes);
    for (const name of file.names) expect(() => file.read(name, [-1])).toThrow(/x is not a whole/);
    return file.names.length;
  } catch (error) {
    if (!isBlockragError(error, 'model_corrupt')) throw error;
    return -1;
  }
}

const whole = safetensors({
  a: { dtype: 'F32', shape: [2, 2], values: Float32Array.of(1, -2, 0.5, 4) },
  b: { dtype: 'BF16', shape: [3], values: Float32Array.of(1, -0.25, 96) },
});

it('a file with any bytes changed is read or refused', () => {
  const change = fc.record({ at: fc.nat(whole.length - 1), value: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = Buffer.from(whole);
      for (const { at, value } of changes) bytes[at] = value;
      expect(read(bytes)).toBeLessThanOrEqual(2);
    }),
    { numRuns: 500 },
  );
});

it('a header of any JSON is read or refused', () => {
  const number = fc.oneof(fc.integer({ min: -8, max: 16 }), fc.double(), fc.constantFrom(2 ** 53, 2 ** 60));
  const part = fc.oneof(number, fc.jsonValue({ maxDepth: 1 }), fc.array(number, { maxLength: 4 }));
  const entry = fc.oneof(
    fc.record({ dtype: fc.constantFrom('F32', 'BF16', 'I8', ''), shape: part, data_offsets: part }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const name = fc.constantFrom('a', 'b', '__metadata__', '__proto__', 'constructor', '');
  fc.assert(
    fc.property(fc.array(fc.tuple(name, entry), { maxLength: 4 }), (entries) => {
      const header = entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
      expect(read(fileOf(`{${header}}`))).toBeLessThanOrEqual(4);
    }),
    { numRuns: 500 },
  );
});

it('the time of a header grows with its tensors alone', async () => {
  await expectLinear(
    (tensors) => {
      const entries = Array.from({ length: tensors }, (_, n) => {
        const at = (tensors - n - 1) * 4;
        return `"layer.${n}":{"dtype":"F32","shape":[1],"data_offsets":[${at},${at + 4}]}`;
      });
      return fileOf(`{${entries}}`, tensors * 4);
    },
    (bytes) => new Safetensors('x', bytes),
    [500, 4_000],
  );
});
