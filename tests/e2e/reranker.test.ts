import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DEFAULT_TENANT } from '../../shared/pipeline/defaults.ts';
import type { System } from '../../shared/pipeline/system.ts';
import { writeCrossEncoder } from '../support/cross-encoder.ts';
import { addText, openSystem } from '../support/product/blockrag.ts';
import { temporaryDirectory } from '../support/product/directory.ts';

const QUESTION = 'Who mends the pumps?';
/** Of the question's words, four and ten: the nearest in meaning is not the one with most of them. */
const NEAREST = 'Who mends pumps?';
const WANTED =
  'Zygmunt Okafor mends the pumps of the harbour, the pumps of the ferry and the pumps of the lighthouse.';

async function found(blockrag: System, topK = 5): Promise<{ name: string; score: number }[]> {
  const query = { tenant: DEFAULT_TENANT, collection: 'default', question: QUESTION, topK };
  const passages = await blockrag.search(query);
  return passages.map(({ document, score }) => ({ name: document.name, score }));
}

it('a reranker orders what is found; the data directory remembers it, and needs no encoding for another', async () => {
  const data = temporaryDirectory();
  const reranker = join(temporaryDirectory(), 'counts-words');
  await writeCrossEncoder(reranker, { words: ['who', 'mends', 'the', 'pumps', '?'] });

  let blockrag = await openSystem(data);
  await addText(blockrag, 'nearest.md', NEAREST);
  await addText(blockrag, 'wanted.md', WANTED);
  await addText(blockrag, 'bread.md', 'Sourdough bread is baked with rye flour.');
  const before = await found(blockrag);
  expect(before[0]?.name).toBe('nearest.md');
  expect(blockrag.facts().reranker).toBe('none');
  await blockrag.close();

  blockrag = await openSystem(data, { reranker });
  await blockrag.close();

  // Not named any more.
  blockrag = await openSystem(data);
  expect(blockrag.facts()).toMatchObject({ embedder: 'all-minilm-l6-v2', reranker });
  expect(await blockrag.work()).toMatchObject({ waiting: 0, leased: 0 });
  await blockrag.warm();
  const after = await found(blockrag);
  expect(after[0]?.name).toBe('wanted.md');
  // What is relevant at all does not change.
  expect(new Set(after.map(({ name }) => name))).toEqual(new Set(before.map(({ name }) => name)));
  expect(after[0]!.score).toBeGreaterThan(after[1]!.score);
  // The limit comes after the order.
  expect(await found(blockrag, 1)).toEqual([after[0]]);
  await blockrag.close();

  blockrag = await openSystem(data, { reranker: 'none' });
  expect(await found(blockrag)).toEqual(before);
  await blockrag.close();
});
