/** What an instance that answers one request at a time bounds: bodies, and streams of events. */
import { afterEach, describe, expect, it } from 'vitest';
import { type ApiServer, startApi } from '../../support/api-server.ts';
import { eventsOf } from '../../support/product/server.ts';

let server: ApiServer;
afterEach(() => server.dispose());

describe('the largest body', () => {
  const send = (path: string, length: number, type = 'application/json') => {
    const document = { name: 'a.txt', text: 'x'.repeat(length) };
    const body = JSON.stringify(path.endsWith('bulk') ? [document] : document);
    return server.fetch(path, { method: 'POST', body, headers: { 'content-type': type } });
  };

  it('may be less than that of documents, which have another way in', async () => {
    server = await startApi({ maxBodyBytes: 2_000, maxDocumentBytes: 100_000 });
    expect((await send('/v1/documents', 1_000)).status).toBe(202);
    for (const path of ['/v1/documents', '/v1/documents/bulk']) {
      const refused = await send(path, 3_000);
      expect(refused.status).toBe(413);
      expect(await refused.json()).toMatchObject({
        code: 'request_too_large',
        max: 2_000,
        detail: expect.stringContaining('POST /v1/uploads'),
      });
    }
  });

  it('is that of documents otherwise', async () => {
    server = await startApi({ maxDocumentBytes: 100 });
    expect(await (await send('/v1/documents', 100_000)).json()).toMatchObject({ code: 'document_too_large' });
  });
});

describe("a stream of a document's events", () => {
  const read = async (id: string) => {
    const response = await server.fetch(`/v1/documents/${id}/events`);
    const events = [];
    for await (const { event } of eventsOf(response.clone())) events.push(event);
    return { events, text: await response.text() };
  };

  it('says what is now, and when to ask again, where it may not last', async () => {
    server = await startApi({ watchMs: 0 });
    const { events, text } = await read(await server.queued());
    expect(events).toEqual(['progress']);
    expect(text).toMatch(/^retry: \d+$/m);
  });

  it('ends after its time, without an error', async () => {
    server = await startApi({ watchMs: 300 });
    expect((await read(await server.queued())).events).toEqual(['progress']);
  });

  it('tells of what is not there as ever', async () => {
    server = await startApi({ watchMs: 0 });
    expect((await server.fetch('/v1/documents/doc_0/events')).status).toBe(404);
  });
});
