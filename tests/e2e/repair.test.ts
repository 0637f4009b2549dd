import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { blockragJson } from '../support/product/command.ts';
import { filesUnder, originals, temporaryDirectory } from '../support/product/directory.ts';
import { askServer, type Server, startServer, uploadText } from '../support/product/server.ts';
import { FERRY } from '../support/product/texts.ts';

let server: Server | undefined;
afterEach(() => server?.stop('SIGKILL'));

const QUESTION = 'When does the ferry to Grimsay leave?';

it('a data directory whose catalog is gone answers again after "blockrag repair"', {
  timeout: 300_000,
}, async () => {
  const data = join(temporaryDirectory(), 'data');
  server = await startServer(data);
  await uploadText(server, 'ferry.md', FERRY);
  const { id } = await uploadText(server, 'gone.md', 'The pier is closed in November.');
  await server.fetch(`/v1/documents/${id}`, { method: 'DELETE' });
  const before = await askServer(server, QUESTION);
  while ((await server.work()).waiting + (await server.work()).leased > 0) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await server.stop();
  const objects = join(data, 'blobs/objects/originals');
  // One original with its sidecar: those of the deleted document are gone.
  expect(filesUnder(objects)).toHaveLength(2);

  rmSync(join(data, 'catalog'), { recursive: true });
  const report = await blockragJson(['repair', data]);
  expect(report).toMatchObject({ code: 0, value: { documents: 1, unnamed: 0, failed: 0 } });
  server = await startServer(data);
  expect(await askServer(server, QUESTION)).toMatchObject({
    answer: before.answer,
    citations: [{ document: 'ferry.md' }],
  });
  expect(server.log()).not.toContain('catalog_mismatch');
  expect(originals(data)).toHaveLength(1);
});
