import { mkdtempSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { fetchReranker } from '../../../shared/model/sources/rerankers.ts';
import { Reranker } from '../../../shared/retrieval/reranker.ts';
import { type CrossEncoderOptions, writeCrossEncoder } from '../../support/cross-encoder.ts';

const root = mkdtempSync(join(tmpdir(), 'blockrag-reranker-'));
const cache = join(root, 'cache');
const words = ['who', 'mends', 'the', 'pumps', 'ferry', 'noon', 'okafor'];
const question = 'Who mends the pumps?';
let reranker: Reranker;
beforeAll(async () => {
  reranker = await opened('station', { words });
});
afterAll(async () => {
  await reranker?.dispose();
  rmSync(root, { recursive: true });
});

async function opened(name: string, options: CrossEncoderOptions): Promise<Reranker> {
  await writeCrossEncoder(join(root, name), options);
  return new Reranker((await fetchReranker(join(root, name), { cache }))!);
}

describe('a reranker', () => {
  it('orders passages by what its model says of each with the question, best first', async () => {
    const passages = ['the ferry', 'okafor mends the pumps', 'noon', 'the pumps'];
    const ranked = await reranker.rank(question, passages, (passage) => passage);
    expect(ranked.map(({ passage }) => passage)).toEqual([
      'okafor mends the pumps',
      'the pumps',
      'the ferry',
      'noon',
    ]);
    // The logistic function of 3, 2, 1 and 0 words in common.
    for (const [i, score] of [0.9526, 0.8808, 0.7311, 0.5].entries()) {
      expect(ranked[i]!.score).toBeCloseTo(score, 4);
    }
  });

  it('leaves equal passages in their order, and needs none', async () => {
    const ranked = await reranker.rank(question, ['noon', 'ferry', 'okafor'], (passage) => passage);
    expect(ranked.map(({ passage }) => passage)).toEqual(['noon', 'ferry', 'okafor']);
    expect(await reranker.rank(question, [], String)).toEqual([]);
  });

  it('gives a passage the same score whatever stands beside it', async () => {
    const alone = await reranker.scores(question, ['the pumps']);
    expect(await reranker.scores(question, ['noon '.repeat(300), 'the pumps'])).toEqual([0, ...alone]);
  });

  it('reads 512 word pieces of a pair: the longer of the two is cut', async () => {
    // [CLS] 4 [SEP] 505 [SEP]: "pumps" is the 505th piece of the passage, or the 506th.
    const at = (piece: number) => `${'noon '.repeat(piece - 1)}pumps`;
    expect(await reranker.scores('who mends the pumps', [at(505), at(506)])).toEqual([1, 0]);
    // A question of 600 leaves half of the room to a passage that needs it, and all but its own to a short one.
    const asked = `${'noon '.repeat(253)}pumps ${'noon '.repeat(346)}`;
    expect(await reranker.scores(asked, ['pumps', `pumps ${'ferry '.repeat(600)}`])).toEqual([1, 1]);
    expect(await reranker.scores(`noon ${asked}`, ['pumps', `pumps ${'ferry '.repeat(600)}`])).toEqual([
      1, 0,
    ]);
  });

  it('can be cancelled between two passages, and closed', async () => {
    const own = await opened('closing', { words });
    const controller = new AbortController();
    const long = own.scores(question, Array(5_000).fill('the pumps'), controller.signal);
    controller.abort();
    await expect(long).rejects.toMatchObject({ code: 'cancelled' });
    await own.dispose();
    await expect(own.scores(question, ['noon'])).rejects.toMatchObject({ code: 'shutting_down' });
  });
});

describe('what is no cross-encoder', () => {
  const failing = async (options: CrossEncoderOptions): Promise<unknown> => {
    const own = await opened(`wrong-${Object.keys(options).join('-')}`, { ...options });
    onTestFinished(() => own.dispose());
    return own.scores(question, ['noon']);
  };

  it('is refused by what it gives or asks for', async () => {
    await expect(failing({ words, labels: 3 })).rejects.toMatchObject({
      code: 'model_unsupported',
      message: expect.stringMatching(/one float32 number for a pair, \[N, 1\].*logits is float32 \[1, 3\]/),
    });
    await expect(failing({ words, input: 'position_ids' })).rejects.toMatchObject({
      code: 'model_unsupported',
      message: expect.stringContaining('it asks for position_ids'),
    });
  });

  it('is refused where its files are none', async () => {
    const folder = join(root, 'damaged');
    const own = await opened('damaged', { words });
    onTestFinished(() => own.dispose());
    await writeFile(join(folder, 'onnx/model.onnx'), 'no model');
    await expect(own.scores(question, ['noon'])).rejects.toMatchObject({ code: 'model_corrupt' });
    await rm(join(folder, 'tokenizer.json'));
    await expect(fetchReranker(folder, { cache })).rejects.toMatchObject({
      code: 'model_unknown',
      message: expect.stringContaining('tokenizer.json'),
    });
    await rm(join(folder, 'onnx'), { recursive: true });
    await expect(fetchReranker(folder, { cache })).rejects.toMatchObject({
      code: 'model_unknown',
      message: expect.stringContaining('onnx/model.onnx or model.onnx'),
    });
  });

  it('is refused where the name is of nothing', async () => {
    expect(await fetchReranker('none', { cache })).toBeUndefined();
    await expect(fetchReranker('no-such-reranker', { cache })).rejects.toMatchObject({
      code: 'model_unknown',
    });
    await expect(fetchReranker('hf:owner/repository/model.gguf', { cache })).rejects.toMatchObject({
      code: 'invalid_option',
    });
  });
});

describe('the name of a reranker', () => {
  it('is that of its folder, however its file is given', async () => {
    const { id, files } = reranker.model;
    expect(id).toBe('station');
    const byFile = await fetchReranker(files.model, { cache });
    expect(byFile).toEqual(reranker.model);
  });
});
