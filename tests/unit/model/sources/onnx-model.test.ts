import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { fetchReranker } from '../../../../shared/model/sources/rerankers.ts';
import { writeCrossEncoder } from '../../../support/cross-encoder.ts';
import { testFetch } from '../../../support/settings.ts';
import { serve } from '../../../support/sources/server.ts';
import { sha256, useWorkspace } from '../../../support/sources/workspace.ts';

const workspace = useWorkspace();

/** A hub with one repository, owner/my-reranker. */
async function serveRepository(names: readonly string[]) {
  const folder = join(workspace.folder, 'repository');
  await writeCrossEncoder(folder, { words: ['ferry'] });
  const base = '/owner/my-reranker/resolve/main/';
  const server = await serve((request, response) => {
    const name = names.find((one) => request.url === base + one);
    if (name === undefined) response.writeHead(404).end();
    else response.end(readFileSync(join(folder, name)));
  });
  vi.stubEnv('HF_ENDPOINT', server.url);
  return { ...server, model: readFileSync(join(folder, 'onnx/model.onnx')) };
}

describe('a model.onnx of a Hugging Face repository', () => {
  it('is onnx/model.onnx where only the repository is named; fetched once with its tokenizer', async () => {
    const hub = await serveRepository(['onnx/model.onnx', 'tokenizer.json']);
    const fetched = await fetchReranker('hf:owner/my-reranker', testFetch());
    expect(fetched).toMatchObject({ id: 'my-reranker', sha256: sha256(hub.model) });
    expect(readFileSync(fetched!.files.model)).toEqual(hub.model);
    expect(JSON.parse(readFileSync(fetched!.files.tokenizer, 'utf8')).model.vocab.ferry).toBe(4);
    await hub.close();
    expect(await fetchReranker('hf:owner/my-reranker', testFetch())).toEqual(fetched);
    expect(await fetchReranker('hf:owner/my-reranker/onnx/model.onnx', testFetch())).toEqual(fetched);
  });

  it('is refused without a tokenizer, and where there is none', async () => {
    await serveRepository(['onnx/model.onnx']);
    await expect(fetchReranker('hf:owner/my-reranker', testFetch())).rejects.toMatchObject({
      code: 'model_unknown',
      message: expect.stringContaining('tokenizer.json'),
    });
    await expect(fetchReranker('hf:owner/other', testFetch())).rejects.toMatchObject({
      code: 'model_unknown',
    });
  });
});
