/** Other embedding models than the default one. */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_EMBEDDER, fetchEmbedder } from '../../../shared/model/sources/embedders.ts';
import { Embedder } from '../../../shared/retrieval/embedder.ts';
import { testFetch } from '../../support/settings.ts';

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describe('multilingual-e5-small', () => {
  it('gives the similarities of the implementation that its file comes with', async () => {
    const embedder = new Embedder(await fetchEmbedder('multilingual-e5-small', testFetch()));
    try {
      const [question] = await embedder.embed(['Wer repariert die Pumpen?'], 'query');
      const passages = await embedder.embed(
        [
          'Zygmunt Okafor repariert die Pumpen und verwahrt die Ersatzschlüssel.',
          'The bus runs hourly on Sundays',
          'ポンプを直すのは誰ですか',
          'Он чинит насосы',
        ],
        'passage',
      );
      const similarities = passages.map((passage) => dot(question!, passage));
      for (const [i, expected] of [0.884, 0.716, 0.853, 0.785].entries()) {
        expect(Math.abs(similarities[i]! - expected)).toBeLessThan(0.01);
      }
    } finally {
      await embedder.dispose();
    }
  });
});

describe('an embedding model of one’s own', () => {
  it('is a model.onnx with its tokenizer in the folder above, pooled as its settings say', async () => {
    const { files } = await fetchEmbedder(DEFAULT_EMBEDDER, testFetch());
    if (files.kind !== 'onnx') throw new Error('the default model is an ONNX file');
    const folder = await mkdtemp(join(tmpdir(), 'blockrag-embedders-'));
    await mkdir(join(folder, 'my-model/onnx'), { recursive: true });
    await mkdir(join(folder, 'my-model/1_Pooling'));
    const model = join(folder, 'my-model/onnx/model.onnx');
    await copyFile(files.model, model);
    await expect(fetchEmbedder(model, testFetch())).rejects.toMatchObject({ code: 'model_unknown' });
    await copyFile(files.tokenizer, join(folder, 'my-model/tokenizer.json'));
    await writeFile(
      join(folder, 'my-model/1_Pooling/config.json'),
      JSON.stringify({ pooling_mode_cls_token: true }),
    );
    await writeFile(
      join(folder, 'my-model/config_sentence_transformers.json'),
      JSON.stringify({ prompts: { query: 'find: ', document: '' } }),
    );
    const own = await fetchEmbedder(model, testFetch());
    expect(await fetchEmbedder(join(folder, 'my-model'), testFetch())).toEqual(own);
    expect(own).toMatchObject({
      id: 'my-model',
      files: { kind: 'onnx', pooling: 'first', queryPrefix: 'find: ', passagePrefix: '' },
    });
    const embedder = new Embedder(own);
    const [asked] = await embedder.embed(['ferry'], 'query');
    const [same, other] = await embedder.embed(['find: ferry', 'ferry'], 'passage');
    await embedder.dispose();
    await rm(folder, { recursive: true });
    expect(asked).toEqual(same);
    expect(asked).not.toEqual(other);
  });

  it('that does not exist is refused', async () => {
    await expect(fetchEmbedder('no-such-model', testFetch())).rejects.toMatchObject({
      code: 'model_unknown',
      message: expect.stringContaining('multilingual-e5-small'),
    });
    await expect(fetchEmbedder('hf:owner/repository/model.gguf', testFetch())).rejects.toMatchObject({
      code: 'invalid_option',
    });
  });
});
