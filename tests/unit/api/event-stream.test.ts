import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ApiServer, startApi } from '../../support/api-server.ts';

/** As many requests as the server handles at once. */
const PLACES = 256;
let server: ApiServer;
let events: string;
beforeEach(async () => {
  server = await startApi();
  events = `/v1/documents/${await server.queued()}/events`;
});
afterEach(() => server.dispose());

/** Whether there is a free place, once what has ended has been seen to. */
const answers = () =>
  vi.waitFor(async () => expect((await server.fetch('/v1/documents')).status).toBe(200), { timeout: 5_000 });

describe('a stream of events that nobody reads', () => {
  it.each(['HEAD', 'OPTIONS'])('frees its place after %s', async (method) => {
    for (let n = 0; n <= PLACES; n += 32) {
      const all = Array.from({ length: 32 }, async () => {
        const response = await server.fetch(events, { method });
        expect(response.status).toBeLessThan(500);
        const text = await response.text();
        if (method === 'HEAD') expect(text).toBe('');
      });
      await Promise.all(all);
    }
    await answers();
  });

  it('answers HEAD with the headers of GET', async () => {
    const head = await server.fetch(events, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.headers.get('content-type')).toBe('text/event-stream');
  });

  it('frees its place when the client leaves, at once or in the middle', async () => {
    for (let n = 0; n <= PLACES; n += 32) {
      const all = Array.from({ length: 32 }, async (_, i) => {
        const leaving = new AbortController();
        const asked = server.fetch(events, { signal: leaving.signal });
        if (i % 2 === 0) await (await asked).body!.getReader().read();
        else await sleep(i);
        leaving.abort();
        await asked.catch(() => {});
      });
      await Promise.all(all);
    }
    await answers();
  });

  it('frees its place when the client closes a connection whose answer it never read', async () => {
    const sockets = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const socket = await server.socket();
        socket.pause();
        socket.write(`GET ${events} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
        return socket;
      }),
    );
    await sleep(200);
    for (const socket of sockets) socket.destroy();
    await answers();
  });

  it('does not keep a server from ending', async () => {
    for (let n = 0; n < 8; n++) await server.fetch(events, { method: 'HEAD' });
    const reading = await server.fetch(events);
    await server.close();
    expect(await reading.text()).toContain('"code":"shutting_down"');
  });
});
