import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BlockragError } from '../../../../shared/errors.ts';
import { type ApiServer, startApi } from '../../../support/api-server.ts';

let server: ApiServer;
const leaving = new AbortController();
beforeEach(async () => {
  server = await startApi();
});
afterEach(() => server.dispose());

/** Answers under way: fetch ends the body of a response that is garbage-collected. */
const held: Response[] = [];
/** Requests until one is refused; its answer, and how many were not. */
async function flood(
  ask: () => Promise<Response>,
  most = 300,
): Promise<{ taken: number; refused: Response }> {
  for (let taken = 0; taken < most; taken++) {
    const response = await ask();
    if (response.status >= 400) return { taken, refused: response };
    held.push(response);
  }
  throw new Error('nothing was refused');
}

describe('one who takes all that can be had', () => {
  it('of streams leaves room for others, and is told to come again', async () => {
    const [greedy, second, other] = [
      await server.key('greedy'),
      await server.key('greedy'),
      await server.key('t'),
    ];
    const document = await server.queued('greedy');
    const follow = (key: string, id: string) =>
      server.fetch(`/v1/documents/${id}/events`, { key, signal: leaving.signal });
    const first = await flood(() => follow(greedy, document));
    expect(first.refused.status).toBe(429);
    expect(first.refused.headers.get('retry-after')).toBe('1');
    expect(await first.refused.json()).toMatchObject({ code: 'rate_limited' });
    const all = first.taken + (await flood(() => follow(second, document))).taken;
    expect(all).toBeGreaterThan(first.taken);
    // Neither key has kept the other one from anything else.
    expect((await server.fetch('/v1/documents', { key: greedy })).status).toBe(200);
    const own = await server.queued('t');
    for (let n = 0; n < 10; n++) {
      expect((await follow(other, own)).status).toBe(200);
      expect((await server.fetch('/v1/documents', { key: other })).status).toBe(200);
    }
  });

  it('of answers leaves room for others', async () => {
    vi.spyOn(server.system, 'ask').mockImplementation(
      (_, { signal } = {}) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(new BlockragError('cancelled', 'Cancelled.')));
        }),
    );
    const [greedy, other] = [await server.key('greedy'), await server.key('t')];
    const ask = (key: string) =>
      server.fetch('/v1/query', {
        ...{ key, method: 'POST', signal: leaving.signal },
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ question: 'Why?', stream: true }),
      });
    const { taken, refused } = await flood(() => ask(greedy));
    expect(taken).toBe(server.system.config.maxAnswers / 2);
    expect(refused.status).toBe(429);
    for (let n = 0; n < 10; n++) expect((await ask(other)).status).toBe(200);
  });

  it('of uploads leaves room for others', async () => {
    const [greedy, other] = [await server.key('greedy'), await server.key('t')];
    const begin = async (key: string) => {
      const socket = await server.socket();
      const answered = new Promise<string>((resolve) =>
        socket.once('data', (bytes) => resolve(bytes.toString())),
      );
      const headers = `host: 127.0.0.1\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n`;
      socket.write(`POST /v1/documents HTTP/1.1\r\n${headers}content-length: 1000\r\n\r\n{`);
      return { socket, answered };
    };
    const begun = await Promise.all(Array.from({ length: 9 }, () => begin(greedy)));
    expect(await Promise.race(begun.map(({ answered }) => answered))).toContain('HTTP/1.1 429');
    const body = JSON.stringify({ name: 'other.txt', text: 'The ferry.' });
    const headers = { 'content-type': 'application/json' };
    const added = await server.fetch('/v1/documents', { key: other, method: 'POST', headers, body });
    expect(added.status).toBe(202);
    for (const { socket } of begun) socket.destroy();
  });
});
