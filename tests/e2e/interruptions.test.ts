import { expect, it } from 'vitest';
import { DEFAULT_TENANT } from '../../shared/pipeline/defaults.ts';
import { addText, askBlockrag, idle, openSystem } from '../support/product/blockrag.ts';
import { blockragJson } from '../support/product/command.ts';
import { filesHolding, temporaryDirectory } from '../support/product/directory.ts';
import { startServer } from '../support/product/server.ts';
import { FERRY, LIGHTHOUSE, manyPassages } from '../support/product/texts.ts';

it('work goes on after any number of short runs that were stopped in the middle', {
  timeout: 300_000,
}, async () => {
  const data = temporaryDirectory();
  const options = { passageTokens: 32 };
  let blockrag = await openSystem(data, options);
  const bytes = new TextEncoder().encode(manyPassages(120, 0));
  const { id } = await blockrag.add({
    tenant: DEFAULT_TENANT,
    collection: 'default',
    name: 'long.txt',
    mediaType: undefined,
    bytes,
  });
  // More runs than an item has attempts: each has one in hand when it ends.
  for (let run = 0; run < 14; run++) {
    await blockrag.close();
    blockrag = await openSystem(data, options);
  }
  await idle(blockrag);
  expect(await blockrag.document(DEFAULT_TENANT, id)).toMatchObject({ status: 'ready', error: null });
  expect(await blockrag.work()).toEqual({ waiting: 0, leased: 0, dead: 0 });
  await blockrag.close();
});

it('a system text beside which no passage fits is refused, not answered from nothing', async () => {
  const blockrag = await openSystem(temporaryDirectory());
  await addText(blockrag, 'ferry.md', FERRY);
  const question = 'When does the ferry to Grimsay leave?';
  const ask = (system: string, maxTokens: number) => askBlockrag(blockrag, question, { system, maxTokens });
  await expect(ask('why '.repeat(8150), 8)).rejects.toMatchObject({ code: 'prompt_too_long' });
  await expect(ask('why '.repeat(100_000), 8)).rejects.toMatchObject({ code: 'prompt_too_long' });
  await blockrag.close();
});

it('deleted text is overwritten by the next run when this one is stopped before', async () => {
  const data = temporaryDirectory();
  let blockrag = await openSystem(data);
  const { id } = await addText(blockrag, 'lighthouse.md', LIGHTHOUSE);
  await blockrag.remove(DEFAULT_TENANT, id);
  await blockrag.close();
  blockrag = await openSystem(data);
  await idle(blockrag);
  await blockrag.close();
  expect(filesHolding(data, 'Morag Sinclair')).toEqual([]);
});

it('a command beside a server that asks for other settings is told so', { timeout: 120_000 }, async () => {
  const data = temporaryDirectory();
  const server = await startServer(data);
  for (const [option, other] of [
    ['--kv', 'fp16'],
    ['--reranker', 'hf:owner/repository'],
  ] as const) {
    const { code, value } = await blockragJson<{ error: { code: string; message: string } }>(
      ['documents', '--data', data, option, other],
      {},
    );
    expect(code).toBe(1);
    expect(value.error).toMatchObject({ code: 'data_directory_in_use' });
    expect(value.error.message).toContain(other);
  }
  await server.stop('SIGTERM');
});
