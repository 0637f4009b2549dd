import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { Decoder } from '../../../shared/attention/decoder.ts';
import { answerAblated, parseAblation } from '../../eval/ablation.ts';
import { expectation, tinyCases } from '../../support/fixtures.ts';
import { tinyModel } from '../../support/models.ts';

describe.each(['llama', 'qwen2'] as const)('ablations of block attention on %s', (name) => {
  const cases = tinyCases(name);
  let decoder: Decoder;
  beforeAll(async () => {
    decoder = await Decoder.open(await tinyModel(name));
  });
  afterAll(() => decoder.dispose());

  const prompt = (blocks: number[][]) => ({
    blocks: blocks.slice(0, -1).map((ids) => Uint32Array.from(ids)),
    finalBlock: Uint32Array.from(blocks.at(-1)!),
    dtype: 'fp32' as const,
    maxTokens: 16,
    end: [],
  });

  test.each(cases)('with every token computed again it is full attention, case $#', async (one) => {
    const answer = await answerAblated(decoder, prompt(one.blocks), { kind: 'recompute-first', tokens: 999 });
    expect(answer).toEqual(expectation(one, 'full').greedy16);
  });

  test.each(cases)('with positions left local other answers come, case $#', async (one) => {
    const answer = await answerAblated(decoder, prompt(one.blocks), { kind: 'local-positions' });
    expect(answer).not.toEqual(expectation(one, 'block').greedy16);
  });

  it('with one block in front of the question nothing changes', async () => {
    const [one] = cases;
    const alone = prompt([one!.blocks[1]!, one!.blocks.at(-1)!]);
    const local = await answerAblated(decoder, alone, { kind: 'local-positions' });
    expect(local).toEqual(await answerAblated(decoder, alone, { kind: 'recompute-first', tokens: 2 }));
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
