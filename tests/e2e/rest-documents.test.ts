import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DocumentView } from '../../shared/api/views/document.ts';
import type { PassagesPage } from '../../shared/client/index.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import { askServer, type Server, settled, startServer, uploadText } from '../support/product/server.ts';
import { FERRY, LIGHTHOUSE } from '../support/product/texts.ts';

const data = temporaryDirectory();
let server: Server;
beforeAll(async () => {
  server = await startServer(data);
});
afterAll(() => server?.stop('SIGKILL'));

interface Page {
  documents: DocumentView[];
  next: string | null;
}
const list = async (query: string) => (await (await server.fetch(`/v1/documents?${query}`)).json()) as Page;

describe('the REST API for documents', () => {
  it('says that it is there', async () => {
    const response = await server.fetch('/healthz');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok' });
  });

  it('accepts JSON with 202 and a location, and the document becomes ready', async () => {
    const response = await server.post('/v1/documents', { name: 'ferry.md', text: FERRY });
    const accepted = (await response.json()) as DocumentView;
    expect(response.status).toBe(202);
    expect(response.headers.get('location')).toBe(`/v1/documents/${accepted.id}`);
    expect(accepted).toMatchObject({ status: 'queued', answers: false, collection: 'default' });
    expect(await settled(server, accepted.id)).toMatchObject({
      name: 'ferry.md',
      title: 'Ferry',
      status: 'ready',
      answers: true,
      passages: 1,
      encoded: 1,
      bytes: Buffer.byteLength(FERRY),
      error: null,
    });
  });

  it('says when a file takes the place of another of its name, and refuses it where that is asked for', async () => {
    const send = async (text: string, more: Record<string, string> = {}, name = 'quay.md') => {
      const form = new FormData();
      form.set('file', new File([text], name));
      form.set('collection', 'quays');
      for (const [field, value] of Object.entries(more)) form.set(field, value);
      const response = await server.fetch('/v1/documents', { method: 'POST', body: form });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    expect((await send('The north quay has 7 berths.')).body.replaced).toBe(false);
    const { body } = await send('The south quay has 9 berths.');
    expect(body.replaced).toBe(true);
    expect(await send('The east quay has 2 berths.', { if_exists: 'error' })).toMatchObject({
      status: 409,
      body: { code: 'document_exists' },
    });
    for (const name of ['a\nb.md', 'n'.repeat(600)]) {
      expect(await send('Text.', {}, name)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    }
    const removed = await server.fetch(`/v1/documents/${body.id}`, { method: 'DELETE' });
    expect(removed.status).toBe(204);
  });

  it('lists the passages of a document, page by page', async () => {
    const text = Array.from({ length: 60 }, (_, i) => `Berth ${i} is for boats of ${i} feet at most.`).join(
      ' ',
    );
    const { id } = await uploadText(server, 'berths.txt', text);
    await settled(server, id);
    const page = async (query = '') => {
      const response = await server.fetch(`/v1/documents/${id}/passages${query}`);
      return (await response.json()) as PassagesPage;
    };
    const whole = await page();
    expect(whole.next).toBeNull();
    expect(whole.passages.length).toBeGreaterThan(2);
    expect(whole.passages.map(({ text }) => text).join(' ')).toBe(text);
    expect(whole.passages[1]).toEqual({
      ...{ passage: 1, title: 'berths', page: null, page_end: null },
      ...{ text: expect.any(String), tokens: expect.any(Number), stored_bytes: expect.any(Number) },
    });
    const first = await page('?limit=1');
    const second = await page(`?limit=1&after=${first.next}`);
    expect([...first.passages, ...second.passages]).toEqual(whole.passages.slice(0, 2));
    const refused = await server.fetch(`/v1/documents/${id}/passages?after=eA`);
    expect(await refused.json()).toMatchObject({ code: 'invalid_request' });
    const unknown = await server.fetch('/v1/documents/doc_000000000000000000000000/passages');
    expect(await unknown.json()).toMatchObject({ code: 'document_not_found' });
    await server.fetch(`/v1/documents/${id}`, { method: 'DELETE' });
  });

  it('answers the same upload again with 200: it is ready already', async () => {
    const response = await server.post('/v1/documents', { name: 'ferry.md', text: FERRY });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: 'ready' });
  });

  it('accepts a form with a file, a name and a collection', async () => {
    const form = new FormData();
    form.set('file', new File([LIGHTHOUSE], 'ignored.md', { type: 'text/markdown' }));
    form.set('name', 'Leuchtturm – ä.md');
    form.set('collection', 'towers');
    const response = await server.fetch('/v1/documents', { method: 'POST', body: form });
    expect(response.status).toBe(202);
    const { id } = (await response.json()) as DocumentView;
    expect(await settled(server, id)).toMatchObject({
      name: 'Leuchtturm – ä.md',
      collection: 'towers',
      status: 'ready',
    });
  });

  it('takes the name of a file where a form has no other', async () => {
    const form = new FormData();
    form.set('file', new File([LIGHTHOUSE], 'tower.md'));
    const response = await server.fetch('/v1/documents', { method: 'POST', body: form });
    const { id } = (await response.json()) as DocumentView;
    expect(await settled(server, id)).toMatchObject({ name: 'tower.md', status: 'ready' });
  });

  it('lists page by page, each document once, and one collection alone', async () => {
    const seen: string[] = [];
    let query = 'limit=1';
    for (;;) {
      const page = await list(query);
      expect(page.documents.length).toBeLessThanOrEqual(1);
      seen.push(...page.documents.map(({ name }) => name));
      if (page.next === null) break;
      query = `limit=1&after=${encodeURIComponent(page.next)}`;
    }
    expect(seen.sort()).toEqual(['Leuchtturm – ä.md', 'ferry.md', 'tower.md']);
    const towers = await list('collection=towers');
    expect(towers).toMatchObject({ documents: [{ name: 'Leuchtturm – ä.md' }], next: null });
  });

  it('keeps collections apart', async () => {
    const { citations } = await askServer(server, 'Who built the lighthouse?', { collection: 'towers' });
    expect(citations.map(({ document }) => document)).toEqual(['Leuchtturm – ä.md']);
  });

  it('deletes with 204; after that the document is not there', async () => {
    const { id } = await uploadText(server, 'brief.txt', 'This note is here for a short time only.');
    const path = `/v1/documents/${id}`;
    const first = await server.fetch(path, { method: 'DELETE' });
    expect(first.status).toBe(204);
    expect(await first.text()).toBe('');
    expect((await server.fetch(path)).status).toBe(404);
    const second = await server.fetch(path, { method: 'DELETE' });
    expect(second.status).toBe(404);
    expect(await second.json()).toMatchObject({ code: 'document_not_found' });
    expect((await list('limit=100')).documents.map((document) => document.id)).not.toContain(id);
  });

  it('tells of an upload that cannot be read', async () => {
    const view = await uploadText(server, 'blank.txt', '   ');
    expect(view).toMatchObject({
      status: 'failed',
      answers: false,
      error: { code: 'document_empty', message: expect.stringContaining('blank.txt') },
    });
  });
});
