import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decoder } from '../../../shared/attention/decoder.ts';
import { encodeBlock } from '../../../shared/attention/encode.ts';
import { LocalWindow } from '../../../shared/attention/local-window.ts';
import { logSoftmax } from '../../../shared/attention/sampling.ts';
import { decodeBlob, encodeBlob } from '../../../shared/kv/blob.ts';
import { ContextKv } from '../../../shared/kv/context.ts';
import { drain } from '../../../shared/turns/steps.ts';
import { tinyModel } from '../../support/models.ts';

const rope = { dimensions: 2, inverseFrequencies: [1] };

describe('rows of a context that a layer with a window gets', () => {
  it('are those that any of the new tokens sees, and each token sees its own of them', () => {
    const numbers = fc.record({
      window: fc.integer({ min: 1, max: 12 }),
      apart: fc.integer({ min: 0, max: 8 }),
      gap: fc.integer({ min: 0, max: 10 }),
      near: fc.integer({ min: 0, max: 8 }),
      blocks: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
    });
    fc.assert(
      fc.property(numbers, ({ window, apart, gap, near, blocks }) => {
        const local = new LocalWindow({ layers: [true], window, rope });
        const positions = [
          ...Array.from({ length: apart }, (_, i) => i),
          ...Array.from({ length: near }, (_, i) => apart + gap + i),
        ];
        const start = apart + gap + near;
        const length = positions.length;
        const placement = { start, blocks, length, apart };
        const first = local.firstRow(placement);
        const mask = local.contextMask(placement, first);
        const columns = 1 + length - first;
        const tokens = blocks.flatMap((n) => Array.from({ length: n }, (_, i) => start + i));
        expect(mask).toHaveLength(tokens.length * columns);
        for (const [row, position] of positions.entries()) {
          for (const [token, at] of tokens.entries()) {
            const sees = at - position < window;
            if (row < first) expect(sees).toBe(false);
            else expect(mask[token * columns + 1 + row - first] === 0).toBe(sees);
          }
        }
        // No row is given for nothing.
        if (first < length) expect(start - positions[first]!).toBeLessThan(window);
      }),
    );
  });

  it('are all that is laid of them, and the answer is the same', async () => {
    const decoder = await Decoder.open(await tinyModel('gemma3'));
    try {
      const { shape, provenance, local } = decoder;
      const tokens = Uint32Array.from({ length: 30 }, (_, i) => (i * 37) % 128);
      const kv = await drain(encodeBlock(decoder, tokens));
      const options = { key: 'k', dtype: 'fp32', shape, provenance, keyBias: undefined } as const;
      const blob = decodeBlob(encodeBlob(kv, options), {
        key: 'k',
        dtype: 'fp32',
        tokens: 30,
        shape,
        verify: 'crc32',
      });
      const answer = async (from: number) => {
        const context = new ContextKv(shape);
        context.reset(60);
        context.lay(blob, decoder.rope, undefined, { ...local!.rowsFor(30), from });
        const laid = context.keys(0, 0).slice();
        // A row at a time: each hides the row before its window, and must give it back.
        for (const token of [5, 6, 7, 8]) await drain(decoder.extend(context, Uint32Array.of(token)));
        const { logits } = await drain(decoder.extend(context, Uint32Array.of(9, 10, 11)));
        return { laid, values: context.values(0, 0).slice(), logits: logSoftmax(logits) };
      };
      const { from } = local!.rowsFor(30);
      expect(from).toBe(30 - local!.window + 1);
      const [whole, needed] = [await answer(0), await answer(from)];
      expect(needed.logits).toEqual(whole.logits);
      const row = (rows: Float32Array, n: number) =>
        rows.subarray((1 + n) * shape.headDim, (2 + n) * shape.headDim);
      expect(row(needed.laid, from - 1).every((value) => value === 0)).toBe(true);
      expect(row(needed.laid, from)).toEqual(row(whole.laid, from));
      // The values are as they were laid, row after row.
      for (let n = 0; n < 30; n++)
        expect(row(whole.values, n)).toEqual(blob.values[0]!.subarray(n * 32, (n + 1) * 32));
    } finally {
      await decoder.dispose();
    }
  });
});
