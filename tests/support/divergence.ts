/** How far quantised compute and blobs move the next token's distribution, on real questions and passages. */

import { Decoder } from '../../shared/attention/decoder.ts';
import { klDivergence } from '../../shared/attention/self-check.ts';
import type { KvDtype } from '../../shared/kv/dtypes.ts';
import type { CompiledModel } from '../../shared/model/compiled.ts';
import { PromptTemplate, passageText } from '../../shared/model/prompt.ts';
import { readSet } from '../eval/records.ts';
import { ask, type Store } from './asking.ts';

/** Prompts of two or three passages, the likeliest last, as blocks of token ids. @param file as `readSet` takes it */
export async function questionPrompts(
  file: string,
  count: number,
  model: CompiledModel,
): Promise<Uint32Array[][]> {
  const tokenizer = await model.tokenizer();
  const template = new PromptTemplate(tokenizer);
  return readSet(file, count).map(({ record: { question, passages } }, i) => {
    const chosen = passages.slice(0, 2 + (i % 2)).reverse();
    const blocks = chosen.map(({ title, text }) => tokenizer.encode(passageText(title, text)));
    return [template.preface, ...blocks, template.finalBlock(question)];
  });
}

/** Next-token log-probabilities of every prompt; each passage is encoded once, and used again from its blob. */
export async function distributions(
  prompts: readonly Uint32Array[][],
  model: CompiledModel,
  dtype: KvDtype,
): Promise<Float32Array[]> {
  const decoder = await Decoder.open(model);
  const store: Store = new Map();
  try {
    const rows: Float32Array[] = [];
    for (const blocks of prompts) {
      const asked = await ask(decoder, { blocks, attention: 'block', dtype, maxTokens: 0 }, store);
      rows.push(asked.logProbabilities);
    }
    return rows;
  } finally {
    await decoder.dispose();
  }
}

/** KL divergence of each prompt's distribution to the reference's, in nats: the mean and the largest. */
export function divergence(reference: readonly Float32Array[], rows: readonly Float32Array[]) {
  const all = rows.map((row, i) => klDivergence(reference[i]!, row));
  return { mean: all.reduce((sum, kl) => sum + kl, 0) / all.length, worst: Math.max(...all) };
}
