/** The default model against PyTorch: token ids in, next tokens out (tests/fixtures/golden/README.md). */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Decoder } from '../../../shared/attention/decoder.ts';
import { encodeBlock } from '../../../shared/attention/encode.ts';
import { ATTENTION_MODES } from '../../../shared/attention/modes.ts';
import { argmax, topIds } from '../../../shared/attention/sampling.ts';
import { drain } from '../../../shared/turns/steps.ts';
import { ask, type Store } from '../../support/asking.ts';
import { expectation, golden } from '../../support/fixtures.ts';
import { testModel } from '../../support/models.ts';

const { cases, kv } = golden();

describe('fp32 compute and fp32 blobs', () => {
  let decoder: Decoder;
  // One store for all modes, as in the product: passages' blobs differ by key where they differ.
  const store: Store = new Map();
  beforeAll(async () => {
    decoder = await Decoder.open(await testModel('fp32'));
  });
  afterAll(() => decoder.dispose());

  describe.each(ATTENTION_MODES)('%s attention', (attention) => {
    test.each(cases)('answers as the reference does: $question', async (one) => {
      const { top10, greedy16 } = expectation(one, attention);
      const question = { blocks: one.blocks, attention, dtype: 'fp32', maxTokens: 16 } as const;
      const asked = await ask(decoder, question, store);
      for (const [id, logProbability] of top10) {
        expect(Math.abs(asked.logProbabilities[id]! - logProbability)).toBeLessThan(0.02);
      }
      // Neighbours closer than 0.01 may change places.
      for (const [rank, [id, logProbability]] of top10.entries()) {
        for (const [other, lower] of top10.slice(rank + 1)) {
          if (logProbability - lower <= 0.01) continue;
          expect(asked.logProbabilities[id]).toBeGreaterThan(asked.logProbabilities[other]!);
        }
      }
      const likeliest = topIds(asked.logProbabilities, 9);
      expect(top10.map(([id]) => id)).toEqual(expect.arrayContaining(likeliest));
      expect(asked.tokens).toEqual(greedy16);
    });
  });

  test('keys before rotation and values are those of the reference', async () => {
    const { keys, values, tokens } = await drain(encodeBlock(decoder, Uint32Array.from(kv.block)));
    expect(tokens).toBe(kv.block.length);
    const width = decoder.shape.kvHeads * decoder.shape.headDim;
    for (const [layer, { k, v }] of Object.entries(kv.layers)) {
      for (const [rows, wanted] of [
        [keys[Number(layer)]!, k],
        [values[Number(layer)]!, v],
      ] as const) {
        for (const [token, numbers] of Object.entries(wanted)) {
          for (const [i, number] of numbers.entries()) {
            expect(Math.abs(rows[Number(token) * width + i]! - number)).toBeLessThan(1e-3);
          }
        }
      }
    }
  });
});

// The margin from which on quantisation must not change the first token. One case of the twelve has a margin of
// 0.34, and w8a8 turns it; divergence.test.ts holds both compute types to their mean.
describe.each([
  ['q8', 0.3],
  ['w8a8', 0.4],
] as const)('%s compute and int8 blobs', (compute, margin) => {
  let decoder: Decoder;
  const store: Store = new Map();
  beforeAll(async () => {
    decoder = await Decoder.open(await testModel(compute));
  });
  afterAll(() => decoder.dispose());

  test.each(ATTENTION_MODES)(
    'answer with the same first token wherever the reference is sure, %s',
    async (attention) => {
      for (const one of cases) {
        const [[best, first], [, second]] = expectation(one, attention).top10 as [
          [number, number],
          [number, number],
        ];
        if (first - second <= margin) continue;
        const question = { blocks: one.blocks, attention, dtype: 'int8', maxTokens: 0 } as const;
        const { logProbabilities } = await ask(decoder, question, store);
        expect(argmax(logProbabilities)).toBe(best);
      }
    },
  );
});
