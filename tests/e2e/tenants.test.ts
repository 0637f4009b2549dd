import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DocumentView } from '../../shared/api/views/document.ts';
import { blockragJson } from '../support/product/command.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import { askServer, eventsOf, type Server, startServer, uploadText } from '../support/product/server.ts';
import { FERRY, LIGHTHOUSE } from '../support/product/texts.ts';

interface Key {
  id: string;
  key: string;
}

const SECRET = 'The code of the harbour gate is marmalade.';
const data = temporaryDirectory();
let server: Server;
let operator: Server;
/** The owner of what is tried to be reached, and the one who tries. */
let owner: Server;
let stranger: Server;
let ownersKey: Key;
let document: DocumentView;
let upload: { id: string; url: string };

const makeKey = async (tenant: string, scope: string): Promise<Key> =>
  (
    await blockragJson<Key>(
      ['keys', 'add', '--tenant', tenant, '--name', 'test', '--scope', scope, '--data', data],
      { cwd: data },
    )
  ).value;

beforeAll(async () => {
  const keys = [
    await makeKey('default', 'admin'),
    await makeKey('acme', 'admin'),
    await makeKey('rival', 'admin'),
  ];
  server = await startServer(data);
  [operator, owner, stranger] = keys.map(({ key }) => server.as(key)) as [Server, Server, Server];
  ownersKey = keys[1]!;
  document = await uploadText(owner, 'gate.txt', SECRET, 'private');
  await uploadText(owner, 'ferry.md', FERRY, 'shared-name');
  await uploadText(stranger, 'lighthouse.md', LIGHTHOUSE, 'shared-name');
  await owner.fetch('/v1/documents', {
    ...asJson({ name: 'once.txt', text: 'Done once.', collection: 'private' }),
    headers: { 'content-type': 'application/json', 'idempotency-key': 'the-same' },
  });
  upload = (await (await owner.post('/v1/uploads', { name: 'later.txt' })).json()) as typeof upload;
});
afterAll(() => server?.stop('SIGKILL'));

const asJson = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** What came of an attempt: its status and all its text, streams to their end. */
async function attempt(path: string, init?: RequestInit): Promise<{ status: number; text: string }> {
  const response = await stranger.fetch(path, init);
  return { status: response.status, text: await response.text() };
}
const hidden = () => [
  SECRET,
  'marmalade',
  'private',
  'gate.txt',
  'ferry.md',
  'later.txt',
  'once.txt',
  ownersKey.id,
];
/** The model's id, as the stranger sees it. */
const model = async () =>
  ((await (await stranger.fetch('/v1/models')).json()) as { data: Key[] }).data[0]!.id;

type Attempt = [
  what: string,
  path: () => string,
  init: () => RequestInit | Promise<RequestInit>,
  status: number,
];
const QUESTION = 'What is the code of the harbour gate?';
const query = (more: object) => () => asJson({ question: QUESTION, max_tokens: 4, ...more });
const chat = (more: object) => async () =>
  asJson({ model: await model(), messages: [{ role: 'user', content: QUESTION }], max_tokens: 4, ...more });
const get = () => ({});
const remove = () => ({ method: 'DELETE' });

const REFUSED: Attempt[] = [
  ['look at a document', () => `/v1/documents/${document.id}`, get, 404],
  ['follow a document', () => `/v1/documents/${document.id}/events`, get, 404],
  ['delete a document', () => `/v1/documents/${document.id}`, remove, 404],
  ['look at it by another spelling', () => `/v1/documents/${document.id.toUpperCase()}`, get, 404],
  ['look at it by a path', () => `/v1/documents/..%2facme%2f${document.id}`, get, 404],
  ['delete a collection', () => '/v1/collections/private', remove, 404],
  ['delete a collection by a path', () => '/v1/collections/..%2facme%2fprivate', remove, 404],
  ['ask a collection', () => '/v1/query', query({ collection: 'private' }), 404],
  ['ask it with full attention', () => '/v1/query', query({ collection: 'private', attention: 'full' }), 404],
  ['ask it by a path', () => '/v1/query', query({ collection: '../acme/private' }), 404],
  ['ask it with a filter', () => '/v1/query', query({ collection: 'private', filter: { a: 1 } }), 404],
  ['name a tenant in a question', () => '/v1/query', query({ tenant: 'acme' }), 400],
  [
    'chat about a collection',
    () => '/v1/chat/completions',
    chat({ blockrag: { collection: 'private' } }),
    404,
  ],
  [
    'chat about it in a stream',
    () => '/v1/chat/completions',
    chat({ stream: true, blockrag: { collection: 'private' } }),
    404,
  ],
  ['chat with another tenant', () => '/v1/chat/completions', chat({ blockrag: { tenant: 'acme' } }), 400],
  [
    'chat about it by a header',
    () => '/v1/chat/completions',
    async () => {
      const init = await chat({})();
      return { ...init, headers: { 'content-type': 'application/json', 'x-blockrag-collection': 'private' } };
    },
    404,
  ],
  [
    'chat about it by the model',
    () => '/v1/chat/completions',
    async () => chat({ model: `${await model()}@private` })(),
    404,
  ],
  [
    'name a tenant in an upload',
    () => '/v1/documents',
    () => asJson({ name: 'a', text: 'a', tenant: 'acme' }),
    400,
  ],
  [
    'name a tenant in an upload to come',
    () => '/v1/uploads',
    () => asJson({ name: 'a', tenant: 'acme' }),
    400,
  ],
  [
    'send to an upload without its token',
    () => `/v1/uploads/${upload.id}`,
    () => ({ method: 'PUT', body: 'x' }),
    404,
  ],
  [
    'send to it with another token',
    () => `/v1/uploads/${upload.id}?token=x`,
    () => ({ method: 'PUT', body: 'x' }),
    404,
  ],
  ['revoke a key', () => `/v1/keys/${ownersKey.id}`, remove, 404],
  ['make a key', () => '/v1/keys', () => asJson({ name: 'a', scopes: ['read'], tenant: 'acme' }), 403],
  [
    'make a key of the operator',
    () => '/v1/keys',
    () => asJson({ name: 'a', scopes: ['admin'], tenant: 'default' }),
    403,
  ],
  ['read the metrics', () => '/metrics', get, 403],
];

const EMPTY: Attempt[] = [
  ['list documents', () => '/v1/documents', get, 200],
  ['list those of a collection', () => '/v1/documents?collection=private', get, 200],
  ['list those of a shared name', () => '/v1/documents?collection=shared-name', get, 200],
  ['list those with a status', () => '/v1/documents?status=ready', get, 200],
  [
    'list those after a document',
    () => `/v1/documents?after=${Buffer.from(document.id).toString('base64url')}`,
    get,
    200,
  ],
  [
    'list those after a path',
    () => `/v1/documents?after=${Buffer.from('../acme/').toString('base64url')}`,
    get,
    200,
  ],
  ['list collections', () => '/v1/collections', get, 200],
  ['list models', () => '/v1/models', get, 200],
  ['list keys', () => '/v1/keys', get, 200],
  ['look at the counts', () => '/v1/stats', get, 200],
  ['look at the system', () => '/v1/system', get, 200],
  ['look at the work of all', () => '/v1/work', get, 403],
  [
    'ask a collection of the same name',
    () => '/v1/query',
    query({ collection: 'shared-name', question: 'When does the ferry leave?' }),
    200,
  ],
  ['ask it in a stream', () => '/v1/query', query({ collection: 'shared-name', stream: true }), 200],
  [
    'ask for a collection in a stream',
    () => '/v1/query',
    query({ collection: 'nowhere', stream: true }),
    200,
  ],
  ['chat without documents', () => '/v1/chat/completions', chat({}), 200],
  [
    'embed',
    () => '/v1/embeddings',
    () => asJson({ model: 'all-minilm-l6-v2', input: 'x', user: 'acme' }),
    200,
  ],
];

describe('a tenant', () => {
  it('makes 42 attempts', () => {
    expect(REFUSED.length + EMPTY.length).toBe(42);
  });

  it.each(REFUSED)('cannot %s of another', async (_what, path, init, status) => {
    const refused = await attempt(path(), await init());
    expect(refused.status).toBe(status);
    expect(refused.text).not.toContain('marmalade');
  });

  it.each(EMPTY)('gets nothing of another when it may %s', async (_what, path, init, status) => {
    const answered = await attempt(path(), await init());
    expect(answered.status).toBe(status);
    for (const text of hidden()) expect(answered.text).not.toContain(text);
  });

  it('has its own idempotency keys', async () => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'the-same' };
    const init = { ...asJson({ name: 'mine.txt', text: 'Mine.', collection: 'mine' }), headers };
    const response = await stranger.fetch('/v1/documents', init);
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ name: 'mine.txt' });
    const again = await owner.fetch('/v1/documents', init);
    expect(await again.json()).toMatchObject({ code: 'idempotency_mismatch' });
  });

  it('does not hit the blobs of another with the same text', async () => {
    const before = await stranger.stats();
    await uploadText(stranger, 'gate.txt', SECRET, 'copy');
    expect((await stranger.stats()).blobs).toBeGreaterThan(before.blobs);
    const { citations, usage } = await askServer(stranger, QUESTION, { collection: 'copy' });
    expect(citations).toMatchObject([{ document: 'gate.txt' }]);
    expect(usage.encoded_tokens).toBe(0);
    const removed = await stranger.fetch(`/v1/collections/copy`, { method: 'DELETE' });
    expect(removed.status).toBe(204);
    expect((await askServer(owner, QUESTION, { collection: 'private' })).citations).toHaveLength(1);
  });

  it('finds all that is its own after that', async () => {
    const { collections } = (await (await owner.fetch('/v1/collections')).json()) as {
      collections: object[];
    };
    expect(collections).toMatchObject([
      { name: 'private', documents: 2 },
      { name: 'shared-name', documents: 1 },
    ]);
    const sent = await fetch(upload.url, { method: 'PUT', body: 'Sent later.' });
    expect(sent.status).toBe(202);
    const events = eventsOf(await owner.fetch(`/v1/documents/${document.id}/events`));
    expect((await events.next()).value).toMatchObject({ event: 'ready', data: { id: document.id } });
  });
});

describe('API keys', () => {
  it('are asked for on every route but those that anyone may call', async () => {
    for (const path of ['/', '/healthz', '/openapi.json', '/docs'])
      expect((await server.fetch(path)).status).toBe(200);
    for (const path of ['/v1/documents', '/v1/stats', '/v1/keys', '/metrics', '/v1/nothing', '/nothing']) {
      const response = await server.fetch(path);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(await response.json()).toMatchObject({ code: 'unauthorized' });
    }
    const models = await server.as(`brk_${'x'.repeat(43)}`).fetch('/v1/models');
    expect(models.status).toBe(401);
    expect(await models.json()).toMatchObject({
      error: { type: 'authentication_error', code: 'unauthorized' },
    });
  });

  it('open what their scopes say', async () => {
    const reader = server.as((await makeKey('acme', 'read')).key);
    const writer = server.as((await makeKey('acme', 'write')).key);
    expect((await reader.fetch('/v1/documents')).status).toBe(200);
    const refused = await reader.post('/v1/documents', { name: 'a.txt', text: 'a' });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: 'scope_missing', scope: 'write' });
    expect((await writer.post('/v1/uploads', { name: 'a.txt' })).status).toBe(201);
    expect((await writer.fetch('/v1/documents')).status).toBe(403);
    expect((await reader.fetch('/v1/keys')).status).toBe(403);
  });

  it('are made, listed and revoked by the admin of their tenant, and by the operator', async () => {
    const made = await owner.post('/v1/keys', { name: 'new', scopes: ['read'] });
    expect(made.status).toBe(201);
    const { id, key } = (await made.json()) as Key;
    const fresh = server.as(key);
    expect((await fresh.fetch('/v1/documents')).status).toBe(200);
    const ids = async (by: Server) =>
      ((await (await by.fetch('/v1/keys')).json()) as { keys: Key[] }).keys.map((row) => row.id);
    expect(await ids(owner)).toContain(id);
    expect(await ids(operator)).toContain(id);
    expect(await ids(stranger)).not.toContain(id);
    expect((await operator.fetch(`/v1/keys/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await fresh.fetch('/v1/documents')).status).toBe(401);
    const elsewhere = await operator.post('/v1/keys', { name: 'x', scopes: ['read'], tenant: 'elsewhere' });
    expect(await elsewhere.json()).toMatchObject({ tenant: 'elsewhere' });
  });

  it('are listed and revoked from the command line, and never shown again', async () => {
    const { id, key } = await makeKey('acme', 'read');
    expect((await server.as(key).fetch('/v1/documents')).status).toBe(200);
    const listed = await blockragJson<{ keys: Key[] }>(['keys', 'list', '--tenant', 'acme', '--data', data]);
    expect(listed.value.keys.map((row) => row.id)).toContain(id);
    expect(JSON.stringify(listed.value)).not.toContain(key);
    expect((await blockragJson(['keys', 'revoke', id, '--data', data])).code).toBe(0);
    const status = async () => (await server.as(key).fetch('/v1/documents')).status;
    await expect.poll(status, { timeout: 10_000 }).toBe(401);
    const unknown = await blockragJson(['keys', 'revoke', 'key_000000000000', '--data', data]);
    expect(unknown).toMatchObject({ code: 1, value: { error: { code: 'not_found' } } });
  });

  it('are what commands beside a running server need, in BLOCKRAG_API_KEY', async () => {
    const args = ['documents', '--data', data];
    const without = await blockragJson(args, { env: { BLOCKRAG_API_KEY: '' } });
    expect(without).toMatchObject({ code: 1, value: { error: { code: 'unauthorized' } } });
    const { key } = await makeKey('acme', 'read,write');
    const listed = await blockragJson<{ documents: DocumentView[] }>(args, {
      env: { BLOCKRAG_API_KEY: key },
    });
    expect(listed.value.documents.map(({ name }) => name)).toContain('gate.txt');
  });

  it('and their owners are in no log line, nor is any text', () => {
    const log = server.log();
    expect(log).toMatch(/"route":"\/v1\/documents\/:id","status":404,"tenant":"rival"/);
    expect(log).not.toContain(ownersKey.key);
    for (const text of ['marmalade', 'harbour', upload.url.split('token=')[1]!])
      expect(log).not.toContain(text);
  });
});
