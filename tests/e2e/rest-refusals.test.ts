import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Problem } from '../../shared/api/problem.ts';
import { blobFiles, originals, temporaryDirectory } from '../support/product/directory.ts';
import { askServer, type Server, startServer, uploadText } from '../support/product/server.ts';
import { FERRY } from '../support/product/texts.ts';

const data = temporaryDirectory();
let server: Server;
beforeAll(async () => {
  // A limit far below what is sent: memory that grows by it is told from memory that holds what is allowed.
  server = await startServer(data, { BLOCKRAG_MAX_DOCUMENT_BYTES: String(20 * 1024 * 1024) });
  await uploadText(server, 'ferry.md', FERRY);
  const { id } = await uploadText(server, 'gone.md', FERRY, 'emptied');
  await server.fetch(`/v1/documents/${id}`, { method: 'DELETE' });
});
afterAll(() => server?.stop('SIGKILL'));

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const ask = (body: object) => json({ question: 'When does the ferry leave?', ...body });

const REFUSALS: [what: string, path: string, init: RequestInit, status: number, code: string][] = [
  ['JSON that is none', '/v1/query', json('{"question": '), 400, 'invalid_request'],
  ['no question', '/v1/query', json({}), 400, 'invalid_request'],
  ['a question that is no text', '/v1/query', ask({ question: 7 }), 400, 'invalid_request'],
  ['a field that is not known', '/v1/query', ask({ topk: 3 }), 400, 'invalid_request'],
  ['an empty question', '/v1/query', ask({ question: ' \n' }), 400, 'question_empty'],
  [
    'a question of 100,000 characters',
    '/v1/query',
    ask({ question: 'why '.repeat(25_000) }),
    413,
    'question_too_long',
  ],
  ['an unknown collection', '/v1/query', ask({ collection: 'nowhere' }), 404, 'collection_not_found'],
  ['a collection without documents', '/v1/query', ask({ collection: 'emptied' }), 404, 'no_documents'],
  ['no passages at all', '/v1/query', ask({ top_k: 0 }), 400, 'invalid_request'],
  ['an unknown attention mode', '/v1/query', ask({ attention: 'sparse' }), 400, 'invalid_request'],
  ['a body beyond a megabyte', '/v1/query', ask({ question: 'a'.repeat(2e6) }), 413, 'request_too_large'],
  ['an unknown route', '/nothing', {}, 404, 'not_found'],
  ['a method that the route has not', '/v1/query', { method: 'DELETE' }, 405, 'method_not_allowed'],
  ['an unknown document', '/v1/documents/doc_0', {}, 404, 'document_not_found'],
  ['a strange document id', '/v1/documents/..%2f..%2fetc', {}, 404, 'document_not_found'],
  [
    'an upload of another type',
    '/v1/documents',
    { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'text' },
    415,
    'unsupported_media_type',
  ],
  ['an upload without a type', '/v1/documents', { method: 'POST' }, 415, 'unsupported_media_type'],
  ['an upload without a name', '/v1/documents', json({ text: 'text' }), 400, 'invalid_request'],
  [
    'a name with control characters',
    '/v1/documents',
    json({ name: 'a\u001b[2J.txt', text: 'text' }),
    400,
    'invalid_request',
  ],
  [
    'an upload with a field that is not known',
    '/v1/documents',
    json({ name: 'a.txt', text: 'a', x: 1 }),
    400,
    'invalid_request',
  ],
  ['an empty upload', '/v1/documents', json({ name: 'a.txt', text: '' }), 422, 'document_empty'],
  [
    'a form that is none',
    '/v1/documents',
    { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: 'nothing' },
    400,
    'invalid_request',
  ],
  ['a list of no documents', '/v1/documents?limit=0', {}, 400, 'invalid_request'],
  [
    'a page of another site',
    '/v1/documents',
    { headers: { origin: 'https://evil.example' } },
    403,
    'forbidden',
  ],
  ['a page without an origin', '/v1/documents', { headers: { origin: 'null' } }, 403, 'forbidden'],
];

it('the refusal of a method names those that the path takes', async () => {
  const allowed = async (path: string) =>
    (await server.fetch(path, { method: 'PATCH' })).headers.get('allow');
  expect(await allowed('/v1/query')).toBe('POST');
  expect(await allowed('/v1/documents/doc_0')).toBe('GET, DELETE');
  expect(await allowed('/v1/chat/completions')).toBe('POST');
});

describe('the REST API refuses', () => {
  it.each(REFUSALS)('%s', async (_what, path, init, status, code) => {
    const response = await server.fetch(path, init);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const problem = (await response.json()) as Problem;
    expect(problem).toMatchObject({ type: 'about:blank', status, code });
    expect(problem.detail).not.toBe('');
    expect(response.status).toBe(status);
  });

  it('a request for another host name, as DNS rebinding makes', async () => {
    const { status, body } = await raw({ path: '/v1/documents', headers: { host: 'evil.example' } });
    expect(status).toBe(403);
    expect(JSON.parse(body)).toMatchObject({ code: 'forbidden' });
  });

  it.each([true, false])('200 MB (length told: %s), without keeping them in memory', async (told) => {
    const size = 200 * 1024 * 1024;
    const before = peakMemory(server.pid);
    const { status, body } = await raw({
      path: '/v1/documents',
      method: 'POST',
      headers: {
        'content-type': 'multipart/form-data; boundary=x',
        ...(told ? { 'content-length': String(size) } : { 'transfer-encoding': 'chunked' }),
      },
      upload: size,
    });
    expect(status).toBe(413);
    expect(JSON.parse(body)).toMatchObject({ code: 'document_too_large' });
    expect(peakMemory(server.pid) - before).toBeLessThan(size);
  });

  it('and answers afterwards as before, with nothing left of what was refused', async () => {
    const answer = await askServer(server, 'When does the ferry leave?');
    expect(answer.citations).toHaveLength(1);
    expect(await server.stats()).toMatchObject({ documents: 1, ready: 1 });
    expect(await server.work()).toMatchObject({ dead: 0 });
    expect(originals(data)).toHaveLength(1);
    expect(blobFiles(data)).toHaveLength(2);
  });
});

/** Peak of a process's resident memory in bytes, from Linux's /proc. */
function peakMemory(pid: number): number {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kilobytes) * 1024;
}

interface RawRequest {
  path: string;
  method?: string;
  headers: Record<string, string>;
  /** Bytes to send, a megabyte at a time, until the server answers. */
  upload?: number;
}

/** How the form begins whose file is too large. */
const FILE_PART = '--x\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\n';

/** A request that fetch would not make: any Host header, a body that is sent while it is refused. */
function raw({ upload = 0, ...options }: RawRequest): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    let answered = false;
    // A connection of its own, which the client would keep: the server then reads on for a while after its answer.
    const agent = new Agent({ keepAlive: true });
    const { hostname, port } = new URL(server.url);
    const sent = request({ hostname, port, agent, ...options }, (response) => {
      answered = true;
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode!, body });
        agent.destroy();
      });
    });
    // The server may close its side while we still send.
    sent.on('error', (error) => !answered && reject(error));
    const megabyte = Buffer.alloc(1024 * 1024, 'a');
    const send = (left: number) => {
      if (answered || sent.destroyed) return;
      if (left <= 0) sent.end();
      else sent.write(megabyte, () => send(left - megabyte.length));
    };
    if (upload > 0) sent.write(FILE_PART);
    send(upload);
  });
}
