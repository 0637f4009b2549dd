import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AnswerView } from '../../shared/api/views/answer.ts';
import type { DocumentView } from '../../shared/api/views/document.ts';
import type { Facts } from '../support/product/command.ts';
import { blockrag, blockragJson } from '../support/product/command.ts';
import { filesHolding, temporaryDirectory } from '../support/product/directory.ts';
import { eventsOf, type Server, startServer, uploadText } from '../support/product/server.ts';
import { FERRY, manyPassages } from '../support/product/texts.ts';

const QUESTION = 'When does the ferry to Grimsay leave?';
const cwd = temporaryDirectory();
const data = join(cwd, 'data');
const json = <T>(...args: string[]) => blockragJson<T>([...args, '--data', data], { cwd });
let server: Server | undefined;
beforeAll(() => {
  writeFileSync(join(cwd, 'ferry.md'), FERRY);
  writeFileSync(join(cwd, 'pier.txt'), 'The pier is closed in the second week of November for repairs.');
  writeFileSync(join(cwd, 'bad.txt'), 'a\0b');
  // Long enough not to be ready before a test has done with it.
  writeFileSync(join(cwd, 'long.txt'), manyPassages(2000, 0));
});
afterEach(() => server?.stop('SIGKILL'));

interface Added {
  documents: DocumentView[];
  failures: { name: string; code: string }[];
}

/** Id of the first document that is being encoded. */
async function firstEncoding(server: Server): Promise<string> {
  for (;;) {
    const response = await server.fetch('/v1/documents?status=encoding');
    const [document] = ((await response.json()) as { documents: DocumentView[] }).documents;
    if (document !== undefined) return document.id;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('blockrag serve', { timeout: 300_000 }, () => {
  it('ends when it is asked to, also while streams are open or were asked for with HEAD', async () => {
    server = await startServer(temporaryDirectory());
    await server.post('/v1/documents', { name: 'long.txt', text: manyPassages(2000, 0) });
    const events = `/v1/documents/${await firstEncoding(server)}/events`;
    for (let n = 0; n < 16; n++) await server.fetch(events, { method: 'HEAD' });
    const open = await server.fetch(events);
    expect(await server.stop('SIGTERM')).toBe(0);
    expect(await open.text()).toContain('shutting_down');
  });

  it.each([
    ['0', 'error'],
    ['240000', 'done'],
  ])('gives an answer under way %s ms when it is stopped, which then ends with %s', async (drain, ending) => {
    server = await startServer(temporaryDirectory(), { BLOCKRAG_DRAIN_MS: drain });
    await uploadText(server, 'ferry.md', FERRY);
    const body = { question: QUESTION, stream: true, max_tokens: 48, temperature: 2, seed: 1 };
    const events = eventsOf(await server.post('/v1/query', body));
    await events.next();
    const stopped = server.stop('SIGTERM');
    let last: unknown;
    for await (const { event } of events) last = event;
    expect(last).toBe(ending);
    expect(await stopped).toBe(0);
  });

  it('starts for other machines before there is a key where keys are required, and answers nobody', async () => {
    server = await startServer(temporaryDirectory(), { BLOCKRAG_REQUIRE_KEYS: '1' }, ['--host', '0.0.0.0']);
    expect((await server.fetch('/healthz')).status).toBe(200);
    expect((await server.fetch('/v1/documents')).status).toBe(401);
    expect(server.log()).toContain('keys are required, but there are none');
  });

  it('keeps connections for as long as a load balancer before it', async () => {
    server = await startServer(temporaryDirectory(), { BLOCKRAG_KEEP_ALIVE_MS: '310000' });
    const { headers } = await server.fetch('/healthz');
    expect(headers.get('keep-alive')).toContain('timeout=310');
  });

  it('is found by commands that its file does not tell', async () => {
    const own = temporaryDirectory();
    mkdirSync(join(own, 'catalog/owner.json'), { recursive: true });
    server = await startServer(own);
    const { value } = await blockragJson<{ documents: DocumentView[] }>(['documents', '--data', own]);
    expect(value.documents).toEqual([]);
  });

  it('refuses what was made with other settings, also while its models are being loaded', async () => {
    const own = temporaryDirectory();
    server = await startServer(own);
    await uploadText(server, 'ferry.md', FERRY);
    await server.stop('SIGTERM');
    const other = ['serve', '--port', '0', '--data', own, '--passage-tokens', '64'];
    const { code, value } = await blockragJson<{ error: { code: string } }>(other);
    expect({ code, error: value.error.code }).toEqual({ code: 1, error: 'reencode_required' });
    const { value: listed } = await blockragJson<{ documents: DocumentView[] }>(['documents', '--data', own]);
    expect(listed.documents).toMatchObject([{ name: 'ferry.md', status: 'ready' }]);
  });

  it('is what the commands beside it work through', async () => {
    server = await startServer(data);
    const added = await json<Added>('add', 'ferry.md', 'pier.txt', 'bad.txt');
    expect(added.value.documents).toMatchObject([
      { name: 'ferry.md', status: 'ready' },
      { name: 'pier.txt', status: 'ready' },
      { name: 'bad.txt', status: 'failed' },
    ]);
    expect(added.value.failures).toMatchObject([{ name: 'bad.txt', code: 'document_not_text' }]);
    expect(added.code).toBe(1);

    const asked = await json<AnswerView>('ask', QUESTION, '--max-tokens', '8', '--top-k', '1');
    expect(asked.value).toMatchObject({
      citations: [{ document: 'ferry.md' }],
      usage: { encoded_tokens: 0 },
    });
    const streamed = await blockrag([
      'ask',
      QUESTION,
      '--max-tokens',
      '8',
      '--top-k',
      '1',
      '--stream',
      '--data',
      data,
    ]);
    expect(streamed.stdout.trim().startsWith(asked.value.answer)).toBe(true);
    const nowhere = await json<{ error: { code: string } }>('ask', QUESTION, '--collection', 'nowhere');
    expect(nowhere).toMatchObject({ code: 1, value: { error: { code: 'collection_not_found' } } });

    const { value } = await json<{ documents: DocumentView[] }>('documents');
    expect(value.documents.map(({ name }) => name).sort()).toEqual(['bad.txt', 'ferry.md', 'pier.txt']);
    expect((await json('remove', 'pier.txt')).code).toBe(0);
    expect(filesHolding(join(data, 'blobs'), 'second week of November')).toEqual([]);
    expect((await json<Facts>('stats')).value).toMatchObject({ documents: 2, ready: 1 });
    expect(server.log()).not.toContain('request failed');
  });

  it('refuses a second one, and reencode, on its data directory, and names itself', async () => {
    server = await startServer(data);
    for (const args of [['serve', '--port', '0'], ['reencode']]) {
      const second = await json<{ error: Record<string, unknown> }>(...args);
      expect(second.code).toBe(1);
      expect(second.value.error).toMatchObject({
        code: 'data_directory_in_use',
        pid: server.pid,
        message: expect.stringContaining(`process ${server.pid}`),
      });
    }
  });

  it.each([
    ['--compute', 'q8', 'with compute w8a8: stop that server to use q8'],
    ['--kv', 'fp16', 'with kv int8: stop that server to use fp16'],
  ])('answers no command that asks for other settings, %s', async (option, value, message) => {
    server = await startServer(data);
    const refused = await json<{ error: Record<string, unknown> }>('documents', option, value);
    expect(refused.code).toBe(1);
    expect(refused.value.error).toMatchObject({
      code: 'data_directory_in_use',
      message: expect.stringContaining(message),
    });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends with 0 on %s and leaves the directory free',
    async (signal) => {
      server = await startServer(data);
      expect(await server.stop(signal)).toBe(0);
      const { code, value } = await json<{ documents: DocumentView[] }>('documents');
      expect(code).toBe(0);
      expect(value.documents).toHaveLength(2);
    },
  );

  it('ends with 0 in the middle of an answer, which ends too', async () => {
    server = await startServer(data);
    const endless = { question: QUESTION, stream: true, max_tokens: 4000, temperature: 2, seed: 1 };
    const events = eventsOf(await server.post('/v1/query', endless));
    expect((await events.next()).value).toMatchObject({ event: 'text' });
    const ended = server.stop('SIGTERM');
    const rest: string[] = [];
    try {
      for await (const { event } of events) rest.push(event);
    } catch {
      rest.push('cut off');
    }
    expect(rest.at(-1)).toMatch(/error|cut off/);
    expect(await ended).toBe(0);
  });

  it('leaves a directory that the next command takes over when it is killed', async () => {
    server = await startServer(data);
    await server.stop('SIGKILL');
    const { code, value } = await json<AnswerView>('ask', QUESTION, '--max-tokens', '8', '--top-k', '1');
    expect(code).toBe(0);
    expect(value.citations).toMatchObject([{ document: 'ferry.md' }]);
  });

  it('tells add when what it waits for is removed, and add tells when the server is gone', async () => {
    const own = join(cwd, 'own');
    server = await startServer(own);
    const add = (interrupt?: AbortSignal) =>
      blockragJson<Added & { error: { code: string } }>(['add', 'long.txt', '--data', own], {
        cwd,
        ...(interrupt && { interrupt }),
      });

    const removed = add();
    const id = await firstEncoding(server);
    expect((await server.fetch(`/v1/documents/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await removed).toMatchObject({
      code: 1,
      value: { failures: [{ name: 'long.txt', code: 'document_not_found' }] },
    });

    const stop = new AbortController();
    const interrupted = add(stop.signal);
    await firstEncoding(server);
    stop.abort();
    expect(await interrupted).toMatchObject({ code: 130, value: { error: { code: 'cancelled' } } });

    const left = add();
    const posts = () => server!.log().split('"method":"POST"').length - 1;
    await expect.poll(posts, { timeout: 60_000 }).toBe(3);
    await server.stop('SIGKILL');
    expect(await left).toMatchObject({ code: 1, value: { error: { code: 'server_unreachable' } } });
  });

  it('says which port is taken', async () => {
    server = await startServer(data);
    const { port } = new URL(server.url);
    const other = join(cwd, 'other');
    const taken = await blockrag(['serve', '--port', port, '--data', other]);
    expect(taken.stderr).toContain(`Port ${port} is taken`);
    expect(taken.code).toBe(1);
  });
});
