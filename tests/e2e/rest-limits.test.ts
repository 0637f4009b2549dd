import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockragJson } from '../support/product/command.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import { eventsOf, type Server, startServer } from '../support/product/server.ts';

const PAGE = 'https://app.example';
const LIMIT = 30;
const servers: Server[] = [];
const start = async (data: string, env: Record<string, string>) => {
  const server = await startServer(data, env);
  servers.push(server);
  return server;
};
afterAll(() => Promise.all(servers.map((server) => server.stop('SIGKILL'))));

describe('a server with limits', () => {
  let server: Server;
  let model: string;
  beforeAll(async () => {
    server = await start(temporaryDirectory(), {
      BLOCKRAG_REQUESTS_PER_MINUTE: String(LIMIT),
      BLOCKRAG_REQUEST_TIMEOUT_MS: '1000',
      BLOCKRAG_CORS_ORIGINS: `${PAGE}, https://other.example`,
    });
    const { data } = (await (await server.fetch('/v1/models')).json()) as { data: { id: string }[] };
    model = data[0]!.id;
  });
  const chat = (more: object) =>
    server.post('/v1/chat/completions', {
      model,
      messages: [{ role: 'user', content: 'Tell me everything.' }],
      max_tokens: 4000,
      temperature: 2,
      seed: 1,
      ...more,
    });

  it('gives each request an id, or takes that of the client, also where it fails', async () => {
    const one = await server.fetch('/healthz');
    expect(one.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    const headers = { 'x-request-id': 'my-request-1' };
    const other = await server.fetch('/v1/documents/doc_0', { headers });
    expect(other.status).toBe(404);
    expect(other.headers.get('x-request-id')).toBe('my-request-1');
    expect(server.log()).toMatch(
      /"request":"my-request-1","method":"GET","route":"\/v1\/documents\/:id","status":404/,
    );
  });

  it('lets pages of the sites it was told of in, and no others', async () => {
    const preflight = (origin: string) =>
      server.fetch('/v1/query', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    expect((await preflight(PAGE)).headers.get('access-control-allow-origin')).toBe(PAGE);
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
    const asked = await server.fetch('/v1/documents', { headers: { origin: PAGE } });
    expect(asked.status).toBe(200);
    expect(asked.headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(
      (await server.fetch('/v1/documents', { headers: { origin: 'https://evil.example' } })).status,
    ).toBe(403);
  });

  it('ends an answer that takes too long, and says so', async () => {
    const late = await chat({});
    expect(late.status).toBe(504);
    expect(await late.json()).toMatchObject({ error: { code: 'request_timeout', type: 'server_error' } });
    const events = eventsOf(await chat({ stream: true }));
    let last: unknown;
    for await (const { data } of events) last = data;
    expect(last).toMatchObject({ error: { code: 'request_timeout' } });
  });

  it('names the way for large documents where a body is too large', async () => {
    const response = await server.post('/v1/query', { question: 'a'.repeat(2e6) });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      code: 'request_too_large',
      detail: expect.stringContaining('POST /v1/uploads'),
    });
  });

  it('gives its metrics without a name or an id in them', async () => {
    const response = await server.fetch('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain');
    const text = await response.text();
    expect(text).toMatch(
      /^blockrag_http_request_seconds_count\{route="\/v1\/documents\/:id",method="GET",status="4xx"\} 1$/m,
    );
    expect(text).toMatch(/^blockrag_errors_total\{code="request_timeout"\} 2$/m);
    expect(text).not.toContain('doc_0');
  });

  it('refuses requests past the limit, and says when to come back', async () => {
    let last: Response;
    let left = LIMIT;
    do {
      last = await server.fetch('/v1/documents');
      const [, remaining] = /^"requests";r=(\d+);t=\d+$/.exec(last.headers.get('ratelimit')!)!;
      expect(Number(remaining)).toBeLessThanOrEqual(left);
      left = Number(remaining);
      expect(last.headers.get('ratelimit-policy')).toBe(`"requests";q=${LIMIT};w=60`);
    } while (last.status === 200);
    expect(last.status).toBe(429);
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await last.json()).toMatchObject({ code: 'rate_limited', limit: LIMIT });
    expect((await server.fetch('/healthz')).status).toBe(200);
  });
});

describe('a server for other machines', () => {
  it('asks for keys before it starts, then for a key at each request, whatever the host is called', async () => {
    const data = temporaryDirectory();
    const refused = await blockragJson<{ error: object }>([
      'serve',
      '--host',
      '0.0.0.0',
      '--port',
      '0',
      '--data',
      data,
    ]);
    expect(refused.value.error).toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('blockrag keys add'),
    });
    const { value } = await blockragJson<{ key: string }>(['keys', 'add', '--name', 'first', '--data', data]);
    const server = await startServer(data, {}, ['--host', '0.0.0.0']);
    servers.push(server);
    expect((await server.fetch('/v1/documents')).status).toBe(401);
    const page = { headers: { origin: 'https://anything.example' } };
    expect((await server.as(value.key).fetch('/v1/documents', page)).status).toBe(200);
  });
});

describe('a server without keys', () => {
  it('makes the first over the API, and asks for one from then on', async () => {
    const server = await start(temporaryDirectory(), {});
    expect((await server.fetch('/v1/documents')).status).toBe(200);
    const made = await server.post('/v1/keys', { name: 'first', scopes: ['admin'] });
    const { key, id, tenant } = (await made.json()) as Record<'key' | 'id' | 'tenant', string>;
    expect(tenant).toBe('default');
    expect((await server.fetch('/v1/documents')).status).toBe(401);
    const own = server.as(key);
    expect((await own.fetch('/v1/documents')).status).toBe(200);
    expect((await own.fetch(`/v1/keys/${id}`, { method: 'DELETE' })).status).toBe(204);
    // That the last one is revoked does not open the server again.
    expect((await server.fetch('/v1/documents')).status).toBe(401);
  });
});
