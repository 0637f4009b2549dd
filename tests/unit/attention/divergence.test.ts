/** How far quantised compute and int8 blobs move the next token's distribution, on real questions and passages. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Decoder } from '../../../shared/attention/decoder.ts';
import { klDivergence } from '../../../shared/attention/self-check.ts';
import type { KvDtype } from '../../../shared/kv/blob.ts';
import type { ComputeType } from '../../../shared/model/onnx/linear.ts';
import { PromptTemplate, passageText } from '../../../shared/model/prompt.ts';
import { ask, type Store } from '../../support/asking.ts';
import { defaultModel } from '../../support/models.ts';
import { sharedFile } from '../../support/shared.ts';

interface QuestionRecord {
  question: string;
  passages: { title: string; text: string }[];
}

const PROMPTS = 60;
const QUESTIONS = sharedFile('qa/nq-litm20.eval.jsonl.gz');

/** Prompts of two or three passages, the likeliest last, as blocks of token ids. */
async function prompts(): Promise<Uint32Array[][]> {
  const tokenizer = await (await defaultModel('q8')).tokenizer();
  const template = new PromptTemplate(tokenizer);
  const lines = gunzipSync(readFileSync(QUESTIONS!)).toString('utf8').split('\n');
  return lines.slice(0, PROMPTS).map((line, i) => {
    const { question, passages } = JSON.parse(line) as QuestionRecord;
    const chosen = passages.slice(0, 2 + (i % 2)).reverse();
    const blocks = chosen.map(({ title, text }) => tokenizer.encode(passageText(title, text)));
    return [template.preface, ...blocks, template.finalBlock(question)];
  });
}

/** Next-token log-probabilities of every prompt; each passage is encoded once, and used again from its blob. */
async function distributions(
  all: readonly Uint32Array[][],
  compute: ComputeType,
  dtype: KvDtype,
): Promise<Float32Array[]> {
  const decoder = await Decoder.open(await defaultModel(compute));
  const store: Store = new Map();
  try {
    const rows: Float32Array[] = [];
    for (const blocks of all) {
      const asked = await ask(decoder, { blocks, attention: 'block', dtype, maxTokens: 0 }, store);
      rows.push(asked.logProbabilities);
    }
    return rows;
  } finally {
    await decoder.dispose();
  }
}

describe.skipIf(QUESTIONS === undefined)(
  'divergence from float32 (skipped without the shared folder)',
  () => {
    test(`stays small over ${PROMPTS} prompts`, { timeout: 600_000 }, async ({ annotate }) => {
      const all = await prompts();
      const reference = await distributions(all, 'fp32', 'fp32');
      for (const [compute, limit] of [
        ['q8', 0.02],
        ['w8a8', 0.03],
      ] as const) {
        const rows = await distributions(all, compute, 'int8');
        const divergences = rows.map((row, i) => klDivergence(reference[i]!, row));
        const mean = divergences.reduce((sum, kl) => sum + kl, 0) / PROMPTS;
        const worst = Math.max(...divergences);
        await annotate(`${compute} + int8: mean KL ${mean.toFixed(4)}, worst ${worst.toFixed(4)}`);
        expect(mean).toBeLessThanOrEqual(limit);
      }
    });
  },
);
