import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_EMBEDDER, fetchEmbedder } from '../../../shared/model/sources/embedders.ts';
import { Embedder, type EmbedderFiles, type EmbeddingModel } from '../../../shared/retrieval/embedder.ts';
import { testFetch } from '../../support/settings.ts';

let model: EmbeddingModel;
let embedder: Embedder;
beforeAll(async () => {
  model = await fetchEmbedder(DEFAULT_EMBEDDER, testFetch());
  embedder = new Embedder(model);
});
afterAll(() => embedder.dispose());

async function similarity(a: string, b: string): Promise<number> {
  const [first, second] = await embedder.embed([a, b], 'passage');
  return dot(first!, second!);
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

describe('the embedder', () => {
  it('gives the similarities that the model is known for', async () => {
    const question = 'What is the capital of France?';
    const paris = 'Paris is the capital and most populous city of France.';
    expect(await similarity(question, paris)).toBeCloseTo(0.754, 2);
    expect(await similarity(question, 'Berlin is the capital of Germany.')).toBeCloseTo(0.401, 2);
    const bread = 'A man is eating a piece of bread.';
    expect(await similarity('A man is eating food.', bread)).toBeCloseTo(0.753, 2);
  });

  it('gives each text a vector of 384 numbers and length 1, whatever stands beside it', async () => {
    const texts = [
      'short',
      '',
      'a rather longer text than the others '.repeat(20),
      '日本語',
      '\ud800',
      'short',
    ];
    const vectors = await embedder.embed(texts, 'passage');
    expect(vectors).toHaveLength(texts.length);
    for (const vector of vectors) {
      expect(vector).toHaveLength(embedder.dimensions);
      expect(dot(vector, vector)).toBeCloseTo(1, 5);
    }
    expect(vectors[5]).toEqual(vectors[0]);
    expect(vectors[0]).toEqual((await embedder.embed(['short'], 'passage'))[0]);
    expect(await embedder.embed([], 'passage')).toEqual([]);
  });

  it('reads 256 word pieces of a text and no more', async () => {
    const [at253, at254, at255] = await embedder.embed(
      [253, 254, 255].map((words) => `${'water '.repeat(words)}volcano`),
      'passage',
    );
    expect(dot(at253!, at254!)).toBeLessThan(0.99999);
    expect(at255).toEqual(at254);
  });

  it('takes special tokens in a text for text', async () => {
    expect(await similarity('one [SEP] two', 'one [ sep ] two')).toBeCloseTo(1, 5);
  });

  it('lets a short call overtake a long one, and cancels the long one', async () => {
    const controller = new AbortController();
    const done: string[] = [];
    const long = embedder.embed(
      Array.from({ length: 500 }, () => 'passage '.repeat(200)),
      'passage',
      controller.signal,
    );
    const ended = long.then(
      () => done.push('long'),
      (error) => done.push(error.code),
    );
    await embedder.embed(['question'], 'query');
    done.push('question');
    controller.abort();
    await ended;
    expect(done).toEqual(['question', 'cancelled']);
    await expect(embedder.embed(['x'], 'query', controller.signal)).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(await embedder.embed(['still here'], 'query')).toHaveLength(1);
  });

  it('says so when its files are no model', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'blockrag-embedder-'));
    const broken = join(directory, 'model.onnx');
    await writeFile(broken, 'no model');
    for (const wrong of [
      { ...model.files, model: broken },
      { ...model.files, tokenizer: broken },
    ]) {
      const other = new Embedder({ ...model, files: wrong as EmbedderFiles });
      await expect(other.embed(['x'], 'query')).rejects.toMatchObject({ code: 'model_corrupt' });
      await other.dispose();
    }
    await rm(directory, { recursive: true });
  });

  it('rejects what is under way when it is disposed, and refuses more', async () => {
    const other = new Embedder(model);
    const under = expect(other.embed(['x'], 'query')).rejects.toMatchObject({ code: 'worker_died' });
    await other.dispose();
    await under;
    await expect(other.embed(['x'], 'query')).rejects.toMatchObject({ code: 'shutting_down' });
  });
});
