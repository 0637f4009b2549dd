import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ApiServer, startApi } from '../../../support/api-server.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApi({ maxDocumentBytes: 4_000_000 });
});
afterAll(() => server.dispose());

const send = (path: string, type: string, body: BodyInit, method = 'POST') =>
  server.fetch(path, { method, headers: { 'content-type': type }, body });
const json = (path: string, body: BodyInit) => send(path, 'application/json', body);
const names = async () =>
  ((await (await server.fetch('/v1/documents')).json()) as { documents: { name: string }[] }).documents.map(
    ({ name }) => name,
  );
/** Reads an answer's first bytes from a connection. */
const answer = (socket: Socket) =>
  new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(bytes.toString())));
const post = (path: string, type: string, more = '') =>
  `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: ${type}\r\n${more}\r\n`;

/** A form with a file, and what else is given. */
const form = (boundary: string, parts: string[]) =>
  `${[...parts, 'content-disposition: form-data; name="file"; filename="form.txt"\r\n\r\nThe ferry.']
    .map((part) => `--${boundary}\r\n${part}\r\n`)
    .join('')}--${boundary}--\r\n`;

describe('a JSON body', () => {
  it.each([
    ['values', '/v1/documents', `{"name":"a","text":"b","metadata":[${'1,'.repeat(2_000)}1]}`],
    ['values', '/v1/documents', `{"name":"a","text":"b","metadata":[${'{},'.repeat(2_000)}{}]}`],
    ['levels', '/v1/documents', `{"name":"a","text":"b","metadata":${'['.repeat(50)}${']'.repeat(50)}}`],
    ['values', '/v1/query', `{"question":"why","stop":[${'1,'.repeat(60_000)}1]}`],
    ['levels', '/v1/query', `{"question":"why","stop":${'['.repeat(100)}${']'.repeat(100)}}`],
    ['values', '/v1/embeddings', `{"model":"m","input":[${'1,'.repeat(600_000)}1]}`],
    ['values', '/v1/documents/bulk', `[{"name":"a","text":"b","metadata":[${'1,'.repeat(2_000)}1]}]`],
  ])('of too many %s is refused before it is parsed: %s', async (what, path, body) => {
    const response = await json(path, body);
    expect(response.status).toBe(400);
    const told = (await response.json()) as { error?: Record<string, string> } & Record<string, string>;
    const { code, detail, message } = told.error ?? told;
    expect(code).toBe('invalid_request');
    expect(detail ?? message).toMatch(new RegExp(`^The JSON is .* ${what}:`));
  });

  it('may hold brackets, commas and quotes in its texts', async () => {
    const text = '[{"a":"\\"},'.repeat(5_000);
    const response = await json('/v1/documents', JSON.stringify({ name: 'brackets.txt', text }));
    expect(response.status).toBe(202);
    const bulk = await json('/v1/documents/bulk', JSON.stringify([{ name: 'more.txt', text }]));
    expect(await bulk.json()).toMatchObject({ results: [{ status: 202, document: { name: 'more.txt' } }] });
  });

  it('that is not valid UTF-8 is refused', async () => {
    const body = Buffer.concat([
      Buffer.from('{"name":"latin.txt","text":"caf'),
      Buffer.from([0xe9]),
      Buffer.from('"}'),
    ]);
    expect(await (await json('/v1/documents', body)).json()).toMatchObject({
      status: 400,
      code: 'invalid_request',
    });
    const line = Buffer.concat([body, Buffer.from('\n{"name":"utf.txt","text":"caf\u00e9"}')]);
    const { results } = (await (await send('/v1/documents/bulk', 'application/x-ndjson', line)).json()) as {
      results: object[];
    };
    expect(results).toMatchObject([{ status: 400 }, { status: 202 }]);
  });

  it('that is no array, or has something after it, is refused by the route of many', async () => {
    for (const body of ['{}', '', '1', '[', '[}', '[1}', '[{}', '[1]]', '[1] x', '[][]', ' \n']) {
      expect(await (await json('/v1/documents/bulk', body)).json()).toMatchObject({
        code: 'invalid_request',
      });
    }
    expect(await (await json('/v1/documents/bulk', ' [ ] ')).json()).toEqual({ results: [] });
    const { results } = (await (await json('/v1/documents/bulk', '[1,{]},2')).json()) as {
      results?: object[];
    };
    expect(results).toBeUndefined();
  });
});

describe('NDJSON', () => {
  it('is taken in line by line, while it comes', async () => {
    const socket = await server.socket();
    const line = (name: string) => `${JSON.stringify({ name, text: 'The ferry.' })}\n`;
    const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
    socket.write(post('/v1/documents/bulk', 'application/x-ndjson', 'transfer-encoding: chunked\r\n'));
    const whole = line('line-1.txt') + line('line-2.txt');
    socket.write(chunk(whole.slice(0, -20)));
    await vi.waitFor(async () => expect(await names()).toContain('line-1.txt'));
    expect(await names()).not.toContain('line-2.txt');
    socket.write(`${chunk(whole.slice(-20))}0\r\n\r\n`);
    expect(await answer(socket)).toContain('HTTP/1.1 200');
    expect(await names()).toContain('line-2.txt');
    socket.destroy();
  });

  it('of too many lines is refused where the limit is reached', async () => {
    const response = await send('/v1/documents/bulk', 'application/x-ndjson', '1\n'.repeat(1_000_000));
    expect(await response.json()).toMatchObject({ status: 400, code: 'invalid_request' });
  });
});

describe('a form', () => {
  const post = (boundary: string, body: BodyInit) =>
    send('/v1/documents', `multipart/form-data; boundary=${boundary}`, body);

  it('may have a boundary that names another type', async () => {
    const response = await post('json', form('json', []));
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ name: 'form.txt' });
  });

  it('of many tiny parts is refused', async () => {
    const parts = Array.from(
      { length: 2_000 },
      (_, n) => `content-disposition: form-data; name="f${n}"\r\n\r\n1`,
    );
    expect(await (await post('x', form('x', parts))).json()).toMatchObject({
      status: 400,
      code: 'invalid_request',
      detail: expect.stringContaining('part'),
    });
  });

  it('with a huge header, a huge field or bad UTF-8 is refused', async () => {
    const field = 'content-disposition: form-data; name="collection"';
    const wrong = [
      `${field}\r\nx-filler: ${'x'.repeat(100_000)}\r\n\r\na`,
      `${field}\r\n\r\n${'a'.repeat(100_000)}`,
    ];
    for (const part of wrong) {
      const response = await post('x', form('x', [part]));
      expect(await response.json()).toMatchObject({
        status: 400,
        code: 'invalid_request',
        detail: expect.stringMatching(/^The form cannot be read: /),
      });
    }
    for (const part of [`${field}\r\n\r\ncaf\xe9`, 'content-disposition: form-data; name="n\xe9"\r\n\r\na']) {
      const response = await post('x', Buffer.from(form('x', [part]), 'latin1'));
      expect(await response.json()).toMatchObject({ status: 400, detail: expect.stringContaining('UTF-8') });
    }
  });

  it('is read wherever its pieces are cut, whatever follows its end', async () => {
    const body = form('cut', ['content-disposition: form-data; name="name"\r\n\r\ncut.txt']);
    for (const at of [1, 7, 60, body.length - 4, body.length - 2, body.length - 1]) {
      const pieces = new ReadableStream({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode(body.slice(0, at)));
          await new Promise((resolve) => setTimeout(resolve, 20));
          controller.enqueue(new TextEncoder().encode(body.slice(at)));
          controller.close();
        },
      });
      const response = await server.fetch('/v1/documents', {
        method: 'POST',
        headers: { 'content-type': 'multipart/form-data; boundary=cut' },
        body: pieces,
        duplex: 'half',
      } as RequestInit);
      expect(await response.json()).toMatchObject({ name: 'cut.txt' });
    }
  });

  it('keeps the names of its files as clients write them', async () => {
    for (const name of ['a "quoted" name.txt', 'folder/caf\u00e9.txt', 'semi;colon.txt', '100 %.txt']) {
      const body = new FormData();
      body.append('file', new File(['The ferry.'], name, { type: 'text/plain; charset=utf-8' }));
      const response = await server.fetch('/v1/documents', { method: 'POST', body });
      expect(await response.json()).toMatchObject({ name });
    }
  });
});

describe('a one-time URL', () => {
  it('asks for its token before it reads a byte, however many strangers hold connections open', async () => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => server.socket()));
    const answers = sockets.map((socket) => {
      socket.write(
        'PUT /v1/uploads/upl_0?token=x HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n\r\n',
      );
      return answer(socket);
    });
    for (const text of await Promise.all(answers)) expect(text).toContain('HTTP/1.1 404');
    for (const socket of sockets) socket.destroy();
  });
});

describe('a client that leaves', () => {
  it('in the middle of a body is no failure of the server', async () => {
    for (const type of ['application/json', 'application/x-ndjson', 'multipart/form-data; boundary=x']) {
      for (const path of ['/v1/documents', '/v1/documents/bulk', '/v1/query']) {
        const socket = await server.socket();
        socket.write(`${post(path, type, 'content-length: 1000\r\n')}--x\r\n`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        socket.destroy();
      }
    }
    await vi.waitFor(async () => {
      expect(await server.services.metrics.expose()).toContain('blockrag_errors_total{code="cancelled"}');
    });
    expect(await server.services.metrics.expose()).not.toContain('blockrag_errors_total{code="internal"}');
  });
});

describe('a key called __proto__', () => {
  const filter = '{"__proto__":{"year":1}}';
  it('is refused, and does not match everything', async () => {
    const listed = await server.fetch(`/v1/documents?filter=${encodeURIComponent(filter)}`);
    expect(await listed.json()).toMatchObject({ status: 400, code: 'invalid_request' });
    const asked = await json('/v1/query', `{"question":"why","filter":${filter}}`);
    expect(await asked.json()).toMatchObject({ status: 400, code: 'invalid_request' });
    const added = await json('/v1/documents', `{"name":"a","text":"b","metadata":{"__proto__":"x"}}`);
    expect(await added.json()).toMatchObject({ status: 400, code: 'invalid_request' });
  });
});
