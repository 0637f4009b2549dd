import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../../../../functions/cli/waiting.ts';
import type { DocumentView } from '../../../../shared/api/views/document.ts';
import { BlockragClient } from '../../../../shared/client/index.ts';
import { sent, serveScript } from '../../client/scripted-server.ts';

const view = (id: string, more: Partial<DocumentView> = {}): DocumentView => ({
  ...{
    id,
    collection: 'default',
    name: `${id}.md`,
    title: id,
    metadata: {},
    status: 'queued',
    answers: false,
  },
  ...{ pages: null, passages: 0, encoded: 0, tokens: 0, bytes: 1, sha256: '', error: null },
  ...{ created_at: '2026-01-01T00:00:00.000Z', updated_at: '2026-01-01T00:00:00.000Z' },
  ...more,
});
const ready = (id: string) => view(id, { status: 'ready', passages: 1, encoded: 1, answers: true });
const never = new AbortController().signal;

/** A server of documents' events: what each connection to a document is answered with, in turn. */
async function serveEvents(script: Record<string, ((response: ServerResponse) => void)[]>) {
  const asked: string[] = [];
  const server = await serveScript((request, response) => {
    const id = /documents\/([^/]+)\/events/.exec(request.url!)![1]!;
    asked.push(id);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    script[id]!.shift()!(response);
  });
  return { ...server, asked, client: new BlockragClient({ url: server.url }) };
}
const ends = (event: string, document: DocumentView) => (response: ServerResponse) =>
  void response.end(sent(event, document));
const drops = (document: DocumentView) => (response: ServerResponse) =>
  void response.write(sent('progress', document), () => response.destroy());

describe('waiting for documents', () => {
  it('ends when each is ready or has failed, and asks about none that is', async () => {
    const failed = view('b', { status: 'failed', error: { code: 'document_no_text', message: 'Nothing.' } });
    const { client, asked } = await serveEvents({
      a: [ends('ready', ready('a'))],
      b: [ends('failed', failed)],
    });
    const waited = await waitFor(client, [view('a'), view('b'), ready('c')], true, never);
    expect(waited).toEqual([ready('a'), failed, ready('c')]);
    expect(asked.sort()).toEqual(['a', 'b']);
  });

  it('follows a few at a time', async () => {
    const ids = Array.from({ length: 30 }, (_, i) => `d${i}`);
    let open = 0;
    let most = 0;
    const slow = (id: string) => (response: ServerResponse) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        response.end(sent('ready', ready(id)));
      }, 5);
    };
    const { client } = await serveEvents(Object.fromEntries(ids.map((id) => [id, [slow(id)]])));
    const waited = await waitFor(
      client,
      ids.map((id) => view(id)),
      true,
      never,
    );
    expect(waited.map(({ id }) => id)).toEqual(ids);
    expect(most).toBeLessThanOrEqual(8);
    expect(most).toBeGreaterThan(1);
  });

  it('tries a lost connection again', async () => {
    const { client, asked } = await serveEvents({
      a: [drops(view('a')), drops(view('a', { status: 'encoding' })), ends('ready', ready('a'))],
    });
    expect(await waitFor(client, [view('a')], true, never)).toEqual([ready('a')]);
    expect(asked).toHaveLength(3);
  });

  it('says so when the server does not come back', async () => {
    const server = await serveEvents({ a: [drops(view('a'))], b: [drops(view('b'))] });
    const waiting = waitFor(server.client, [view('a'), view('b')], true, never);
    await expect.poll(() => server.asked.length).toBe(2);
    await server.close();
    await expect(waiting).rejects.toMatchObject({
      code: 'server_unreachable',
      message: expect.stringContaining('What was added is kept'),
    });
  });

  it('calls a document that was removed meanwhile failed', async () => {
    const { client } = await serveEvents({ a: [ends('removed', view('a'))] });
    const gone = { status: 'failed', error: { code: 'document_not_found' } };
    expect(await waitFor(client, [view('a')], true, never)).toMatchObject([gone]);
    const { url } = await serveScript((_request, response) => {
      response.writeHead(404).end('{"code":"document_not_found","detail":"There is no document a."}');
    });
    expect(await waitFor(new BlockragClient({ url }), [view('a')], true, never)).toMatchObject([gone]);
  });

  it('ends at once with what a server refuses', async () => {
    const { url } = await serveScript((_request, response) => {
      response.writeHead(401).end('{"code":"unauthorized","detail":"A key is needed."}');
    });
    const waiting = waitFor(new BlockragClient({ url }), [view('a'), view('b')], true, never);
    await expect(waiting).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('ends as cancelled with the signal', async () => {
    const stop = new AbortController();
    const { client } = await serveEvents({ a: [(response) => response.write(sent('progress', view('a')))] });
    const waiting = waitFor(client, [view('a')], true, stop.signal);
    setTimeout(() => stop.abort(), 50);
    await expect(waiting).rejects.toMatchObject({
      code: 'cancelled',
      message: expect.stringMatching(/^Stopped: what was added is kept/),
    });
  });
});
