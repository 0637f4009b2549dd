/**
 * Every architecture and every tensor type against numpy, on random models: dequantisation, RoPE and its
 * scalings, head norms, biases, and block attention through blobs (tests/fixtures/tiny/README.md).
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Decoder, FOR_BLOB } from '../../../shared/attention/decoder.ts';
import { ATTENTION_MODES } from '../../../shared/attention/modes.ts';
import { argmax, topIds } from '../../../shared/attention/sampling.ts';
import { klDivergence } from '../../../shared/attention/self-check.ts';
import { kvWidth } from '../../../shared/kv/shape.ts';
import { ask, type Store } from '../../support/asking.ts';
import { expectation, TINY_MODELS, tinyCases } from '../../support/fixtures.ts';
import { tinyModel } from '../../support/models.ts';

describe.each(TINY_MODELS)('%s', (name) => {
  const cases = tinyCases(name);
  let decoder: Decoder;
  beforeAll(async () => {
    decoder = await Decoder.open(await tinyModel(name));
  });
  afterAll(() => decoder.dispose());

  test('gives several tokens the logits that each gets alone', async () => {
    const tokens = Uint32Array.from(cases[0]!.blocks.flat());
    const rows = [2, 5, tokens.length - 1];
    const together = await decoder.run({ tokens, start: 0, logitRows: rows }, FOR_BLOB);
    const vocabulary = together.logits.length / rows.length;
    for (const [i, row] of rows.entries()) {
      const { logits } = await decoder.run({ tokens: tokens.subarray(0, row + 1), start: 0 }, []);
      const got = together.logits.subarray(i * vocabulary, (i + 1) * vocabulary);
      for (const [id, logit] of logits.entries()) expect(Math.abs(got[id]! - logit)).toBeLessThan(1e-3);
    }
    // The last layer's keys and values are those of all tokens nevertheless.
    expect(together.key.at(-1)!.length).toBe(tokens.length * kvWidth(decoder.shape));
  });

  describe.each(ATTENTION_MODES)('%s attention', (attention) => {
    test.each(cases)('gives the numbers of the reference, case $#', async (one) => {
      const { top10, greedy16 } = expectation(one, attention);
      const question = { blocks: one.blocks, attention, dtype: 'fp32', maxTokens: 16 } as const;
      const store: Store = new Map();
      const first = await ask(decoder, question, store);
      for (const [id, logProbability] of top10) {
        expect(Math.abs(first.logProbabilities[id]! - logProbability)).toBeLessThan(1e-3);
      }
      expect(first.logProbabilities[argmax(first.logProbabilities)]).toBeCloseTo(top10[0]![1], 2);
      expect(first.tokens).toEqual(greedy16);

      const second = await ask(decoder, question, store);
      expect(second.logProbabilities).toEqual(first.logProbabilities);
      expect(second.tokens).toEqual(greedy16);

      const prompt = one.blocks.slice(0, -1).reduce((sum, block) => sum + block.length, 0);
      const reused = attention === 'full' ? 0 : prompt;
      expect(first).toMatchObject({ reusedTokens: 0, encodedTokens: prompt, completionTokens: 16 });
      expect(second).toMatchObject({ reusedTokens: reused, encodedTokens: prompt - reused });
      expect(second.finalTokens).toBe(one.blocks.at(-1)!.length);
    });
  });
});

describe.each(['fp16', 'q8', 'w8a8'] as const)('%s compute and int8 blobs', (compute) => {
  test.each(TINY_MODELS)('stay close to float32 on %s', async (name) => {
    const [reference, engine] = await Promise.all([
      Decoder.open(await tinyModel(name)),
      Decoder.open(await tinyModel(name, compute)),
    ]);
    try {
      for (const { blocks } of tinyCases(name)) {
        const question = { blocks, attention: 'block', maxTokens: 0 } as const;
        const want = await ask(reference, { ...question, dtype: 'fp32' }, new Map());
        const got = await ask(engine, { ...question, dtype: 'int8' }, new Map());
        // Random weights make no forgiving model; a scale or a zero point that is wrong gives a hundred times this.
        expect(klDivergence(want.logProbabilities, got.logProbabilities)).toBeLessThan(0.05);
        expect(topIds(want.logProbabilities, 3)).toContain(argmax(got.logProbabilities));
      }
    } finally {
      await reference.dispose();
      await engine.dispose();
    }
  });
});
