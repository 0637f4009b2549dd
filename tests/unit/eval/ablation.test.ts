import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { Decoder } from '../../../shared/attention/decoder.ts';
import { encodeToBlob } from '../../../shared/attention/encode-to-blob.ts';
import { drain } from '../../../shared/turns/steps.ts';
import { answerAblated, parseAblation, recomputedTokens } from '../../eval/ablation.ts';
import { expectation, tinyCases } from '../../support/fixtures.ts';
import { tinyModel } from '../../support/models.ts';

describe.each(['llama', 'qwen2'] as const)('ablations of block attention on %s', (name) => {
  const cases = tinyCases(name);
  let decoder: Decoder;
  beforeAll(async () => {
    decoder = await Decoder.open(await tinyModel(name));
  });
  afterAll(() => decoder.dispose());

  const dtype = 'fp32';
  const prompt = async (blocks: number[][]) => ({
    blocks: await Promise.all(blocks.slice(0, -1).map((ids) => encoded(Uint32Array.from(ids)))),
    finalBlock: Uint32Array.from(blocks.at(-1)!),
    ...({ dtype, maxTokens: 16, end: [] } as const),
  });
  const encoded = async (tokens: Uint32Array) => {
    const block = { tokens, key: '' };
    return { ...block, object: await drain(encodeToBlob(decoder, block, dtype, undefined)) };
  };

  test.each(cases)('with every token computed again it is full attention, case $#', async (one) => {
    const answer = await answerAblated(decoder, await prompt(one.blocks), {
      kind: 'recompute-first',
      tokens: 999,
    });
    expect(answer).toEqual(expectation(one, 'full').greedy16);
  });

  test.each(cases)('with positions left local other answers come, case $#', async (one) => {
    const answer = await answerAblated(decoder, await prompt(one.blocks), { kind: 'local-positions' });
    expect(answer).not.toEqual(expectation(one, 'block').greedy16);
  });

  it('with one block in front of the question nothing changes', async () => {
    const [one] = cases;
    const alone = await prompt([one!.blocks[1]!, one!.blocks.at(-1)!]);
    const local = await answerAblated(decoder, alone, { kind: 'local-positions' });
    expect(local).toEqual(await answerAblated(decoder, alone, { kind: 'recompute-first', tokens: 2 }));
  });

  it('of each block but the first as many tokens are computed again as it has at most', () => {
    const blocks = [5, 3, 9].map((length) => ({ tokens: new Uint32Array(length) }));
    expect(recomputedTokens({ kind: 'recompute-first', tokens: 4 }, blocks)).toBe(3 + 4);
    expect(recomputedTokens({ kind: 'local-positions' }, blocks)).toBe(0);
  });
});

describe('the name of an ablation', () => {
  it.each(['', 'recompute-first-', 'recompute-first-0', 'local', 'recompute-first-1.5'])(
    '%j is none',
    (name) => {
      expect(parseAblation(name)).toBeUndefined();
    },
  );
});
