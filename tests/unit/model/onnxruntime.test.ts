import { expect, test } from 'vitest';
import { openSession } from '../../../shared/model/onnxruntime.ts';
import { tinyModel } from '../../support/models.ts';

test('a provider that is not there is an error, not a silent run on the CPU', async () => {
  // CUDA's libraries are not installed with the project (.npmrc).
  const model = await tinyModel('llama');
  await expect(openSession(model.graphFile, { provider: 'cuda' })).rejects.toMatchObject({
    code: 'provider_unavailable',
    message: expect.stringContaining('use the provider cpu'),
  });
});
