import { expect, it } from 'vitest';
import { DEFAULT_TENANT } from '../../shared/pipeline/defaults.ts';
import { addText, askBlockrag, idle, openSystem } from '../support/product/blockrag.ts';
import { temporaryDirectory } from '../support/product/directory.ts';

it('a data directory keeps the embedding model that it was made with, until it is encoded again', async () => {
  const data = temporaryDirectory();
  let blockrag = await openSystem(data);
  await addText(blockrag, 'drehbank.md', 'Die Drehbank wartet Wilhelmina Tregear jeden Montag.');
  await addText(blockrag, 'urlaub.md', 'Jeder Fahrer hat 29 Tage Urlaub im Jahr.');
  await blockrag.close();

  const embedder = 'multilingual-e5-small';
  await expect(openSystem(data, { embedder })).rejects.toMatchObject({
    code: 'reencode_required',
    message: expect.stringMatching(/embedder all-minilm-l6-v2.*embedder multilingual-e5-small/),
  });
  blockrag = await openSystem(data, { embedder, otherSettings: 'reencode' });
  await idle(blockrag);
  await blockrag.close();

  blockrag = await openSystem(data);
  expect(blockrag.embeddingModel).toBe(embedder);
  // No word in common: only the meaning finds it.
  const { citations } = await askBlockrag(blockrag, 'How many days of leave does a driver have?', {
    maxTokens: 1,
  });
  expect(citations[0]?.document).toBe('urlaub.md');
  const documents = await blockrag.services.catalog.documents.all(DEFAULT_TENANT);
  expect(documents.map(({ status }) => status)).toEqual(['ready', 'ready']);
  await blockrag.close();
});
