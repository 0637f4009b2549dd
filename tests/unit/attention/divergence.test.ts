/** The limits of divergence.ts; tests/eval/divergence.ts prints the figures. */
import { describe, expect, test } from 'vitest';
import { distributions, divergence, questionPrompts } from '../../support/divergence.ts';
import { testModel } from '../../support/models.ts';
import { sharedFile } from '../../support/shared.ts';

const PROMPTS = 24;
const QUESTIONS = sharedFile('qa/nq-litm20.eval.jsonl.gz');

describe.skipIf(QUESTIONS === undefined)(
  'divergence from float32 (skipped without the shared folder)',
  () => {
    test(`stays small over ${PROMPTS} prompts`, { timeout: 600_000 }, async ({ annotate }) => {
      const prompts = await questionPrompts(QUESTIONS!, PROMPTS, await testModel('q8'));
      const reference = await distributions(prompts, await testModel('fp32'), 'fp32');
      for (const [compute, limit] of [
        ['q8', 0.02],
        ['w8a8', 0.03],
      ] as const) {
        const { mean, worst } = divergence(
          reference,
          await distributions(prompts, await testModel(compute), 'int8'),
        );
        await annotate(`${compute} + int8: mean KL ${mean.toFixed(4)}, worst ${worst.toFixed(4)}`);
        expect(mean).toBeLessThanOrEqual(limit);
      }
    });
  },
);
