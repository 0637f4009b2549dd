import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/product/directory.ts';
import { type Server, settled, startServer, uploadText } from '../support/product/server.ts';
import { FERRY } from '../support/product/texts.ts';

let server: Server;
beforeAll(async () => {
  server = await startServer(temporaryDirectory());
});
afterAll(() => server?.stop('SIGKILL'));

/** The server's child processes that run worker.ts of shared/documents. */
function readers(): number[] {
  const tasks = `/proc/${server.pid}/task`;
  return readdirSync(tasks)
    .flatMap((task) => readFileSync(`${tasks}/${task}/children`, 'utf8').split(' '))
    .filter((pid) => pid !== '')
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('documents/worker');
      } catch {
        return false;
      }
    });
}

it('a document that ends the process which reads it fails alone: the server answers, and others are read', async () => {
  const paragraphs = Array.from({ length: 60_000 }, (_, i) => `Berth ${i} is for boats of ${i % 90} feet.`);
  const response = await server.post('/v1/documents', { name: 'long.txt', text: paragraphs.join('\n\n') });
  const { id } = (await response.json()) as { id: string };
  const other = uploadText(server, 'ferry.md', FERRY);

  let failed = false;
  other.catch(() => {});
  for (let kills = 0; !failed; await pause(20)) {
    for (const pid of readers()) {
      // As a parser that crashes would end: while it reads this document.
      await pause(300);
      const { status } = (await (await server.fetch(`/v1/documents/${id}`)).json()) as { status: string };
      failed = status === 'failed';
      if (!failed && kills < 4 && readers().includes(pid)) {
        process.kill(pid, 'SIGSEGV');
        kills++;
      }
    }
    expect((await server.fetch('/healthz')).status).toBe(200);
  }
  expect(await settled(server, id)).toMatchObject({
    status: 'failed',
    error: { code: 'document_parser_crashed' },
  });
  expect(await other).toMatchObject({ status: 'ready', passages: 1 });
});
