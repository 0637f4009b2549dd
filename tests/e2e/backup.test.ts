import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { blockragJson } from '../support/product/command.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import { askServer, type Server, startServer, uploadText } from '../support/product/server.ts';
import { FERRY } from '../support/product/texts.ts';

let server: Server | undefined;
afterEach(() => server?.stop('SIGKILL'));

it('a backup of a directory that is served answers as the directory did', { timeout: 300_000 }, async () => {
  const parent = temporaryDirectory();
  const [data, backup, restored] = ['data', 'backup', 'restored'].map((name) => join(parent, name)) as [
    string,
    string,
    string,
  ];
  server = await startServer(data);
  await uploadText(server, 'ferry.md', FERRY);
  const question = 'When does the ferry to Grimsay leave?';
  const before = await askServer(server, question);
  const report = await blockragJson<{ files: number }>(['backup', backup, '--data', data]);
  expect(report.code).toBe(0);
  await uploadText(server, 'later.md', 'The pier is closed in November.');
  // While the server still lives, whose claim is in the copy.
  expect(await blockragJson(['restore', backup, '--data', restored])).toMatchObject({ value: report.value });
  await server.stop();
  server = await startServer(restored);
  expect(await askServer(server, question)).toMatchObject({
    answer: before.answer,
    citations: [{ document: 'ferry.md' }],
    usage: { encoded_tokens: 0 },
  });
  expect(await server.stats()).toMatchObject({ documents: 1, ready: 1 });
  expect(server.log()).not.toContain('catalog_mismatch');
});
