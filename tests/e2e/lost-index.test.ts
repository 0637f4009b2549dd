import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { blockragJson } from '../support/product/command.ts';
import { filesUnder, temporaryDirectory } from '../support/product/directory.ts';
import { askServer, type Server, startServer, uploadText } from '../support/product/server.ts';
import { FERRY } from '../support/product/texts.ts';

let server: Server | undefined;
afterEach(() => server?.stop('SIGKILL'));

const QUESTION = 'When does the ferry to Grimsay leave?';

/** Asks until the index is there again; how often it was refused meanwhile, and the answer. */
async function patientAnswer(of: Server) {
  for (let refused = 0; ; refused++) {
    const response = await of.post('/v1/query', { question: QUESTION, max_tokens: 8 });
    if (response.ok) return { refused, view: (await response.json()) as { answer: string } };
    expect(await response.json()).toMatchObject({ status: 503, code: 'index_rebuilding' });
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    await sleep(100);
  }
}

it('an index that is lost or damaged is filled again, and answers are the same', {
  timeout: 300_000,
}, async () => {
  const data = join(temporaryDirectory(), 'data');
  const index = join(data, 'index');
  server = await startServer(data);
  await uploadText(server, 'ferry.md', FERRY);
  const { answer } = await askServer(server, QUESTION);

  // Under the running server.
  rmSync(index, { recursive: true });
  expect((await patientAnswer(server)).view).toMatchObject({ answer });
  await server.stop();

  rmSync(index, { recursive: true });
  server = await startServer(data);
  expect((await patientAnswer(server)).view).toMatchObject({ answer });
  await server.stop();

  for (const file of filesUnder(index)) writeFileSync(join(index, file), 'no index');
  server = await startServer(data);
  expect((await patientAnswer(server)).view).toMatchObject({ answer, citations: [{ document: 'ferry.md' }] });
  await server.stop();

  expect(await blockragJson(['reindex', '--data', data])).toMatchObject({ code: 0, value: { passages: 1 } });
  server = await startServer(data);
  expect(await patientAnswer(server)).toMatchObject({ refused: 0, view: { answer } });
});
