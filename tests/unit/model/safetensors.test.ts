import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Safetensors } from '../../../shared/model/safetensors.ts';
import { safetensors } from '../../support/safetensors.ts';

describe('a safetensors file', () => {
  const whole = safetensors({
    a: { dtype: 'F32', shape: [2, 2], values: Float32Array.of(1, -2, 0.5, 4) },
    b: { dtype: 'BF16', shape: [3], values: Float32Array.of(1, -0.25, 96) },
  });

  test('gives its tensors', () => {
    const file = new Safetensors('x', whole);
    expect(file.names).toEqual(['a', 'b']);
    expect(Array.from(file.read('a', [2, 2]))).toEqual([1, -2, 0.5, 4]);
    expect(Array.from(file.read('b', [3]))).toEqual([1, -0.25, 96]);
  });

  test('cut anywhere is refused', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), (length) => {
        expect(() => new Safetensors('x', whole.subarray(0, length))).toThrowError(/x is not a whole/);
      }),
    );
  });

  const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  test.each<[string, (header: Record<string, unknown>) => void]>([
    ['a type that is not known', (h) => void Object.assign(h, { a: { ...entry, dtype: 'I8' } })],
    ['a size that is not the shape', (h) => void Object.assign(h, { a: { ...entry, shape: [2] } })],
    ['a negative offset', (h) => void Object.assign(h, { a: { ...entry, data_offsets: [-4, 0] } })],
    [
      'an offset beyond reason',
      (h) => void Object.assign(h, { a: { ...entry, data_offsets: [0, 2 ** 60] } }),
    ],
    ['a hole', (h) => void Object.assign(h, { a: { ...entry, data_offsets: [4, 8] } })],
    ['two tensors in one place', (h) => void Object.assign(h, { c: entry })],
    ['no entry for its bytes', (h) => void delete h.a],
    ['an entry that is no object', (h) => void Object.assign(h, { a: null })],
  ])('with %s is refused', (_, edit) => {
    const bytes = safetensors({ a: { dtype: 'F32', shape: [1], values: Float32Array.of(1) } }, edit);
    expect(() => new Safetensors('x', bytes)).toThrowError(
      expect.objectContaining({ code: 'model_corrupt' }),
    );
  });

  test('with a header longer than any is refused', () => {
    const bytes = Buffer.from(whole);
    bytes.writeBigUInt64LE(2n ** 40n);
    expect(() => new Safetensors('x', bytes)).toThrowError(/no header/);
  });
});
