import { describe, expect, it } from 'vitest';
import { BlockragClient } from '../../../shared/client/index.ts';
import { bodyOf, sent, serveScript } from './scripted-server.ts';

const EVENTS = { 'content-type': 'text/event-stream' };

async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe('the client', () => {
  it('sends its key, and what it is asked as the API takes it', async () => {
    const seen: { line: string; key: string | undefined; body: unknown }[] = [];
    const { url } = await serveScript(async (request, response) => {
      const body = await bodyOf(request);
      const { authorization: key } = request.headers;
      seen.push({ line: `${request.method} ${request.url}`, key, body: body === '' ? '' : JSON.parse(body) });
      if (request.method === 'DELETE') response.writeHead(204).end();
      else response.end('{"collections":[]}');
    });
    const client = new BlockragClient({ url: `${url}/`, apiKey: 'brk_x' });
    await client.ask('Why?', { collection: 'c', top_k: 2 });
    await client.documents({ status: ['queued', 'ready'], filter: { year: 2024 }, after: 'x' });
    await client.removeCollection('a/b');
    expect(await client.collections()).toEqual([]);
    expect(seen).toEqual([
      { line: 'POST /v1/query', key: 'Bearer brk_x', body: { question: 'Why?', collection: 'c', top_k: 2 } },
      {
        line: 'GET /v1/documents?limit=100&status=queued%2Cready&filter=%7B%22year%22%3A2024%7D&after=x',
        key: 'Bearer brk_x',
        body: '',
      },
      { line: 'DELETE /v1/collections/a%2Fb', key: 'Bearer brk_x', body: '' },
      { line: 'GET /v1/collections', key: 'Bearer brk_x', body: '' },
    ]);
  });

  it('follows a document on, where the server ends its streams early and says when to ask again', async () => {
    const progress = (encoded: number) => {
      const data = JSON.stringify({ status: 'encoding', encoded });
      return `event: progress\nretry: 5\ndata: ${data}\n\n`;
    };
    const streams = [progress(1), progress(1), progress(2), sent('ready', { status: 'ready', encoded: 3 })];
    const { url } = await serveScript((_, response) => {
      response.writeHead(200, EVENTS).end(streams.shift());
    });
    const events = await collect(new BlockragClient({ url }).watch('doc_1'));
    expect(events.map(({ type, document }) => [type, document.encoded])).toEqual([
      ['progress', 1],
      ['progress', 2],
      ['ready', 3],
    ]);
    expect(streams).toEqual([]);
  });

  it('stops between two streams when it is told to', async () => {
    const { url } = await serveScript((_, response) => {
      response.writeHead(200, EVENTS).end('event: progress\nretry: 60000\ndata: {"encoded":1}\n\n');
    });
    const leaving = new AbortController();
    const events = new BlockragClient({ url }).watch('doc_1', { signal: leaving.signal });
    await events.next();
    setTimeout(() => leaving.abort(), 50);
    await expect(events.next()).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('adds a text as JSON and bytes as a form, with an idempotency key', async () => {
    const bodies: string[] = [];
    const { url } = await serveScript(async (request, response) => {
      bodies.push(`${request.headers['idempotency-key']} ${await bodyOf(request)}`);
      response.end('{}');
    });
    const client = new BlockragClient({ url });
    await client.add({ name: 'a.md', text: 'A' }, { idempotencyKey: 'k1' });
    const bytes = new TextEncoder().encode('B');
    await client.add({ name: 'b.md', bytes, metadata: { year: 1 }, mediaType: 'text/markdown' });
    expect(bodies[0]).toBe('k1 {"name":"a.md","text":"A"}');
    expect(bodies[1]).toMatch(/^undefined -/);
    for (const part of ['b.md', 'name="file"', 'Content-Type: text/markdown', '{"year":1}']) {
      expect(bodies[1]).toContain(part);
    }
  });

  it('reads events however they are cut, with comments and both kinds of line ends between', async () => {
    const script = [
      ': hello\n\n',
      'event: te',
      'xt\ndata: {"text":"é"}\n',
      '\n: keep-alive\n\nevent: text\r\ndata: {"text":\r\ndata: "b"}\r\n\r\n',
      sent('done', { answer: 'éb' }),
    ];
    const { url } = await serveScript(async (_request, response) => {
      response.writeHead(200, EVENTS);
      for (const piece of script) {
        // A character may be cut in two as well.
        for (const byte of Buffer.from(piece)) response.write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    });
    expect(await collect(new BlockragClient({ url }).stream('Why?'))).toEqual([
      { type: 'text', text: 'é' },
      { type: 'text', text: 'b' },
      { type: 'done', answer: { answer: 'éb' } },
    ]);
  });

  it('throws the error that a server answers with, with its facts', async () => {
    const { url } = await serveScript((_request, response) => {
      response.writeHead(429).end('{"code":"rate_limited","status":429,"detail":"Wait.","retryAfter":7}');
    });
    await expect(new BlockragClient({ url }).stats()).rejects.toMatchObject({
      code: 'rate_limited',
      message: 'Wait.',
      data: { retryAfter: 7 },
    });
  });

  it('throws the error that a stream ends with', async () => {
    const { url } = await serveScript((_request, response) => {
      response.writeHead(200, EVENTS).end(sent('error', { code: 'shutting_down', detail: 'Soon.' }));
    });
    const watching = collect(new BlockragClient({ url }).watch('doc_1'));
    await expect(watching).rejects.toMatchObject({ code: 'shutting_down' });
  });

  it.each([
    ['what is no problem document', '<html>'],
    ['a code of a later version', '{"code":"unheard_of","detail":"New."}'],
  ])('calls %s internal', async (_what, body) => {
    const { url } = await serveScript((_request, response) => response.writeHead(500).end(body));
    await expect(new BlockragClient({ url }).system()).rejects.toMatchObject({ code: 'internal' });
  });

  it('says that a server does not answer, also when it leaves in the middle', async () => {
    const { url, close } = await serveScript((_request, response) => {
      response.writeHead(200, EVENTS).write(sent('progress', {}), () => response.destroy());
    });
    const client = new BlockragClient({ url });
    const unreachable = { code: 'server_unreachable', message: expect.stringContaining(url) };
    await expect(collect(client.watch('doc_1'))).rejects.toMatchObject(unreachable);
    await close();
    await expect(client.system()).rejects.toMatchObject(unreachable);
  });

  it('says so too of a stream that ends without a last event', async () => {
    const { url } = await serveScript((_request, response) => {
      response.writeHead(200, EVENTS).end(sent('text', { text: 'At' }));
    });
    const asking = collect(new BlockragClient({ url }).stream('When?'));
    await expect(asking).rejects.toMatchObject({ code: 'server_unreachable' });
  });

  it('ends what is under way with its signal, and with close', async () => {
    const { url } = await serveScript((_request, response) => {
      response.writeHead(200, EVENTS).write(sent('progress', {}));
    });
    const client = new BlockragClient({ url });
    const stop = new AbortController();
    const first = collect(client.watch('doc_1', { signal: stop.signal }));
    const second = collect(client.watch('doc_2'));
    stop.abort();
    await expect(first).rejects.toMatchObject({ code: 'cancelled' });
    await client.close();
    await expect(second).rejects.toMatchObject({ code: 'cancelled' });
    await expect(client.stats()).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('lets go of the connection when nobody reads on', async () => {
    let left: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      left = resolve;
    });
    const { url } = await serveScript((_request, response) => {
      response.on('close', left);
      response.writeHead(200, EVENTS).write(sent('progress', {}));
    });
    for await (const { type } of new BlockragClient({ url }).watch('doc_1')) {
      expect(type).toBe('progress');
      break;
    }
    await gone;
  });
});
