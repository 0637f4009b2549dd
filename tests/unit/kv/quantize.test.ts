import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quantizeRows } from '../../../shared/kv/quantize.ts';

const blocks = fc
  .record({ width: fc.constantFrom(1, 3, 8, 12, 16, 40), tokens: fc.integer({ min: 1, max: 20 }) })
  .chain(({ width, tokens }) =>
    fc.record({
      width: fc.constant(width),
      rows: fc.float32Array({
        minLength: width * tokens,
        maxLength: width * tokens,
        noNaN: true,
        min: -1e6,
        max: 1e6,
      }),
    }),
  );

test('every value is within half a step of its channel, and the largest takes the whole range', () => {
  fc.assert(
    fc.property(blocks, ({ rows, width }) => {
      const scales = new Float32Array(width);
      const quantized = quantizeRows(rows, scales);
      for (let i = 0; i < rows.length; i++) {
        const step = scales[i % width]!;
        expect(Math.abs(quantized[i]! * step - rows[i]!)).toBeLessThanOrEqual(step * 0.501 + 1e-30);
      }
      for (let c = 0; c < width; c++) {
        const column = Array.from({ length: rows.length / width }, (_, t) =>
          Math.abs(quantized[t * width + c]!),
        );
        // Channels so small that a step has no inverse in float32 are left out.
        if (scales[c]! > 1e-35) expect(Math.max(...column)).toBe(127);
      }
    }),
  );
});

test.each([8, 3])('numbers that are not finite are refused, width %i', (width) => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const rows = new Float32Array(4 * width).fill(1);
    rows[width + 1] = bad;
    expect(() => quantizeRows(rows, new Float32Array(width))).toThrow(/no finite numbers/);
  }
});

test('a channel of zeros stays zero', () => {
  const scales = new Float32Array(8);
  expect([...quantizeRows(new Float32Array(16), scales)]).toEqual(new Array(16).fill(0));
  expect([...scales]).toEqual(new Array(8).fill(0));
});
