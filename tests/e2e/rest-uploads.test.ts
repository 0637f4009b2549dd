import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DocumentView } from '../../shared/api/views/document.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import {
  askServer,
  eventsOf,
  type Server,
  type ServerSentEvent,
  settled,
  startServer,
  uploadText,
} from '../support/product/server.ts';
import { FERRY, LIGHTHOUSE, manyPassages } from '../support/product/texts.ts';

let server: Server;
beforeAll(async () => {
  server = await startServer(temporaryDirectory());
});
afterAll(() => server?.stop('SIGKILL'));

const asJson = async <T>(response: Response | Promise<Response>) => (await (await response).json()) as T;
const list = async (query: Record<string, string>) =>
  (
    await asJson<{ documents: DocumentView[] }>(server.fetch(`/v1/documents?${new URLSearchParams(query)}`))
  ).documents
    .map(({ name }) => name)
    .sort();

describe('a one-time URL', () => {
  const announced = (body: object) => server.post('/v1/uploads', { name: 'later.md', ...body });

  it('takes the bytes of a document once', async () => {
    const made = await announced({ collection: 'later', metadata: { from: 'url' } });
    expect(made.status).toBe(201);
    const { url, method } = await asJson<{ url: string; method: string }>(made);
    expect(new URL(url).origin).toBe(server.url);
    const sent = await fetch(url, { method, body: LIGHTHOUSE });
    expect(sent.status).toBe(202);
    const { id } = await asJson<DocumentView>(sent);
    expect(sent.headers.get('location')).toBe(`/v1/documents/${id}`);
    expect(await settled(server, id)).toMatchObject({
      name: 'later.md',
      collection: 'later',
      metadata: { from: 'url' },
      status: 'ready',
    });
    const again = await fetch(url, { method, body: LIGHTHOUSE });
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({ code: 'conflict' });
  });

  it('takes only what was announced', async () => {
    const sha256 = createHash('sha256').update(FERRY).digest('hex');
    const bytes = Buffer.byteLength(FERRY);
    const { url } = await asJson<{ url: string }>(announced({ sha256, bytes }));
    const other = await fetch(url, { method: 'PUT', body: LIGHTHOUSE });
    expect(await other.json()).toMatchObject({ status: 400, code: 'invalid_request' });
    expect((await fetch(url, { method: 'PUT', body: FERRY })).status).toBe(202);
  });

  it('is the same for the same idempotency key', async () => {
    const request = (name: string) =>
      asJson<{ url: string; code?: string }>(
        server.fetch('/v1/uploads', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': 'an upload' },
          body: JSON.stringify({ name }),
        }),
      );
    const first = await request('a.txt');
    expect(await request('a.txt')).toEqual(first);
    expect(await request('b.txt')).toMatchObject({ code: 'idempotency_mismatch' });
  });
});

describe('an idempotency key', () => {
  it('makes an upload that is sent twice one', async () => {
    const send = (text: string) =>
      server.fetch('/v1/documents', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'a document' },
        body: JSON.stringify({ name: 'once.txt', text }),
      });
    const first = await asJson<DocumentView>(send('Said once.'));
    expect(await asJson(send('Said once.'))).toMatchObject({ id: first.id, sha256: first.sha256 });
    const other = await send('Said otherwise.');
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({ code: 'idempotency_mismatch' });
  });
});

describe('many documents in one request', () => {
  const items = [
    {
      name: 'one.txt',
      text: 'The first note is about herons.',
      collection: 'bulk',
      metadata: { year: 2023, kind: 'note' },
    },
    { name: 'two.txt', text: '' },
    {
      name: 'three.txt',
      text: 'The third note is about otters.',
      collection: 'bulk',
      metadata: { year: 2024, kind: 'note' },
    },
    { text: 'without a name' },
  ];
  const expected = [
    { index: 0, status: 202, document: { name: 'one.txt' } },
    { index: 1, status: 422, error: { code: 'document_empty' } },
    { index: 2, status: 202, document: { name: 'three.txt' } },
    { index: 3, status: 400, error: { code: 'invalid_request', detail: expect.stringContaining('name') } },
  ];

  it('each have their own result, as a JSON array', async () => {
    const response = await server.post('/v1/documents/bulk', items);
    expect(response.status).toBe(200);
    const { results } = await asJson<{ results: { document?: DocumentView }[] }>(response);
    expect(results).toMatchObject(expected);
    for (const { document } of results) if (document) await settled(server, document.id);
  });

  it('change nothing the second time, as NDJSON; a line that is no JSON is told', async () => {
    const lines = [...items.map((item) => JSON.stringify(item)), '{"name":'].join('\n');
    const headers = { 'content-type': 'application/x-ndjson' };
    const response = await server.fetch('/v1/documents/bulk', { method: 'POST', headers, body: lines });
    const { results } = await asJson<{ results: object[] }>(response);
    expect(results).toMatchObject([
      { status: 200 },
      { status: 422 },
      { status: 200 },
      { status: 400 },
      { index: 4, status: 400, error: { code: 'invalid_request' } },
    ]);
  });

  it('may be 1,000 at most', async () => {
    const response = await server.post('/v1/documents/bulk', Array(1001).fill({ name: 'a', text: 'a' }));
    expect(response.status).toBe(400);
    expect(await list({ collection: 'default' })).not.toContain('a');
  });

  it('are found by their metadata, in lists and in questions', async () => {
    expect(await list({ filter: '{"year":2023}' })).toEqual(['one.txt']);
    expect(await list({ filter: '{"kind":"note","year":[2023,2024]}' })).toEqual(['one.txt', 'three.txt']);
    expect(await list({ collection: 'bulk', status: 'queued,failed' })).toEqual([]);
    const question = 'What are the notes about?';
    const { citations } = await askServer(server, question, { collection: 'bulk', filter: { year: 2024 } });
    expect(citations.map(({ document }) => document)).toEqual(['three.txt']);
    const wrong = await server.fetch('/v1/documents?filter=year');
    expect(await wrong.json()).toMatchObject({ status: 400, code: 'invalid_request', field: 'filter' });
  });

  it('are a collection, which is counted and deleted as a whole', async () => {
    const collections = async () =>
      (await asJson<{ collections: { name: string; documents: number }[] }>(server.fetch('/v1/collections')))
        .collections;
    expect(await collections()).toContainEqual(
      expect.objectContaining({ name: 'bulk', documents: 2, passages: 2 }),
    );
    expect((await server.fetch('/v1/collections/bulk', { method: 'DELETE' })).status).toBe(204);
    expect((await collections()).map(({ name }) => name)).not.toContain('bulk');
    const again = await server.fetch('/v1/collections/bulk', { method: 'DELETE' });
    expect(await again.json()).toMatchObject({ status: 404, code: 'collection_not_found' });
    expect(await list({ collection: 'bulk' })).toEqual([]);
  });
});

describe('the events of a document', () => {
  const follow = async (id: string) => {
    const events: ServerSentEvent[] = [];
    for await (const event of eventsOf(await server.fetch(`/v1/documents/${id}/events`))) events.push(event);
    return events;
  };

  it('tell of its progress and end when it is ready', async () => {
    const response = await server.post('/v1/documents', { name: 'long.md', text: manyPassages(40, 0) });
    const { id } = await asJson<DocumentView>(response);
    const events = await follow(id);
    expect(events.at(-1)).toMatchObject({ event: 'ready', data: { id, status: 'ready' } });
    expect(events.slice(0, -1).every(({ event }) => event === 'progress')).toBe(true);
    const encoded = events.map((event) => (event.data as DocumentView).encoded);
    expect(encoded).toEqual([...encoded].sort((a, b) => a - b));
    expect(await follow(id)).toMatchObject([{ event: 'ready' }]);
  });

  it('end when it has failed', async () => {
    const { id } = await uploadText(server, 'blank.txt', '   ');
    expect(await follow(id)).toMatchObject([
      { event: 'failed', data: { error: { code: 'document_empty' } } },
    ]);
  });

  it('end when it is removed', async () => {
    const response = await server.post('/v1/documents', { name: 'gone.md', text: manyPassages(60, 100) });
    const { id } = await asJson<DocumentView>(response);
    const stream = eventsOf(await server.fetch(`/v1/documents/${id}/events`));
    expect((await stream.next()).value).toMatchObject({ event: 'progress' });
    await server.fetch(`/v1/documents/${id}`, { method: 'DELETE' });
    let last: ServerSentEvent | undefined;
    for await (const event of stream) last = event;
    expect(last).toMatchObject({ event: 'removed', data: { id } });
  });
});
