import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BLOCKRAG, blockragJson } from '../support/product/command.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import { type Server, startServer, uploadText } from '../support/product/server.ts';
import { FERRY, LIGHTHOUSE, manyPassages } from '../support/product/texts.ts';

const data = temporaryDirectory();
const keys: Record<string, string> = {};
let server: Server;
beforeAll(async () => {
  for (const tenant of ['default', 'other']) {
    const made = [
      'keys',
      'add',
      '--name',
      tenant,
      '--tenant',
      tenant,
      '--scope',
      'read,write',
      '--data',
      data,
    ];
    keys[tenant] = (await blockragJson<{ key: string }>(made)).value.key;
  }
  server = await startServer(data, {}, ['--passage-tokens', '32']);
  const own = server.as(keys.default!);
  await uploadText(own, 'ferry.md', FERRY, 'station');
  await uploadText(own, 'lighthouse.md', LIGHTHOUSE, 'station');
  await uploadText(own, 'notes.md', manyPassages(30, 1), 'notes');
});
afterAll(() => server?.stop('SIGKILL'));

function overHttp(key: string | undefined): StreamableHTTPClientTransport {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  return new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), { requestInit: { headers } });
}

function overStdio(...options: string[]): StdioClientTransport {
  return new StdioClientTransport({
    command: process.execPath,
    args: [BLOCKRAG, 'mcp', '--data', data, ...options],
    env: { ...(process.env as Record<string, string>), BLOCKRAG_API_KEY: keys.default! },
  });
}

async function connect(transport: StreamableHTTPClientTransport | StdioClientTransport): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  return client;
}

interface Given {
  isError: boolean;
  text: string;
  structured: Record<string, unknown>;
}

async function call(client: Client, name: string, args: Record<string, unknown>): Promise<Given> {
  const { content, isError = false, structuredContent } = await client.callTool({ name, arguments: args });
  const [first] = content as { type: string; text: string }[];
  return { isError, text: first!.text, structured: structuredContent as Record<string, unknown> };
}

describe.each([
  ['over HTTP', () => overHttp(keys.default)],
  ['over stdio, beside a server', () => overStdio()],
])('an agent %s', (_how, transport) => {
  let client: Client;
  beforeAll(async () => {
    client = await connect(transport());
  });
  afterAll(() => client?.close());

  it('is told of the tools, which only read', async () => {
    expect(client.getServerVersion()).toMatchObject({ name: 'blockrag' });
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['search', 'ask', 'list_documents', 'read_passage']);
    for (const { annotations, description, inputSchema } of tools) {
      expect(annotations).toMatchObject({ readOnlyHint: true });
      expect(description).not.toBe('');
      expect(inputSchema.type).toBe('object');
    }
  });

  it('searches', async () => {
    const { text, structured } = await call(client, 'search', {
      query: 'When does the ferry leave?',
      collection: 'station',
      top_k: 1,
    });
    expect(text).toContain('The ferry to Grimsay leaves the north pier');
    expect(structured.passages).toEqual([
      expect.objectContaining({ document: 'ferry.md', passage: 0, score: expect.any(Number), page: null }),
    ]);
  });

  it('asks', async () => {
    const { text, structured } = await call(client, 'ask', {
      question: 'When does the ferry to Grimsay leave?',
      collection: 'station',
      max_tokens: 8,
      top_k: 1,
    });
    expect(text).toContain('[1] ferry.md: Ferry');
    expect(structured).toMatchObject({
      citations: [{ document: 'ferry.md' }],
      usage: { completion_tokens: 8 },
    });
  });

  it('lists documents, page by page, and reads on around a passage', async () => {
    const first = await call(client, 'list_documents', { collection: 'station', limit: 1 });
    const { next } = first.structured as { next: string };
    expect(first.text).toContain(`after: ${next}`);
    const second = await call(client, 'list_documents', { collection: 'station', limit: 1, after: next });
    const names = [first, second].flatMap(({ structured }) =>
      (structured.documents as { name: string }[]).map(({ name }) => name),
    );
    expect(names.sort()).toEqual(['ferry.md', 'lighthouse.md']);

    const listed = await call(client, 'list_documents', { collection: 'notes' });
    const [{ id: document_id }] = listed.structured.documents as [{ id: string }];
    const { structured, text } = await call(client, 'read_passage', { document_id, passage: 7, around: 2 });
    const passages = structured.passages as { passage: number; text: string }[];
    expect(passages.map(({ passage }) => passage)).toEqual([5, 6, 7, 8, 9]);
    for (const passage of passages) expect(text).toContain(passage.text);
    const beyond = await call(client, 'read_passage', { document_id, passage: 1000 });
    expect(beyond).toMatchObject({ isError: true, text: expect.stringContaining('no passage 1000') });
  });

  it('is told what is wrong, so that it may do better', async () => {
    const unknown = await call(client, 'search', { query: 'ferry', collection: 'nowhere' });
    expect(unknown).toMatchObject({ isError: true, text: expect.stringContaining('collection_not_found') });
    const none = await call(client, 'read_passage', { document_id: 'doc_0' });
    expect(none).toMatchObject({ isError: true, text: expect.stringContaining('document_not_found') });
    const wrong = await client.callTool({ name: 'search', arguments: { query: 7 } }).catch((error) => error);
    expect(JSON.stringify(wrong) + String(wrong)).toMatch(/query/);
  });
});

it('a collection may be set for tools that are given none', async () => {
  const client = await connect(overStdio('--collection', 'station'));
  const { structured } = await call(client, 'search', { query: 'Who built the lighthouse?', top_k: 1 });
  expect(structured.passages).toEqual([expect.objectContaining({ document: 'lighthouse.md' })]);
  await client.close();
});

describe('the HTTP endpoint', () => {
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'older', version: '1' },
    },
  };
  const post = (as: Server, body: unknown) =>
    as.fetch('/mcp', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify(body),
    });

  it('asks for a key', async () => {
    expect((await post(server, initialize)).status).toBe(401);
    await expect(connect(overHttp('brk_wrong'))).rejects.toThrow();
  });

  it('refuses what is no message, without failing', async () => {
    const own = server.as(keys.default!);
    const headers = { accept: 'application/json, text/event-stream' };
    const send = (type: string, body: string) =>
      own.fetch('/mcp', { method: 'POST', headers: { ...headers, 'content-type': type }, body });
    expect((await send('application/json', '{"jsonrpc":')).status).toBe(400);
    expect((await send('text/plain', 'hello')).status).toBe(415);
    expect((await send('application/json', '[]')).status).toBe(400);
  });

  it('shows a tenant nothing of others', async () => {
    const client = await connect(overHttp(keys.other));
    expect((await call(client, 'list_documents', {})).structured.documents).toEqual([]);
    const found = await call(client, 'search', { query: 'ferry', collection: 'station' });
    expect(found).toMatchObject({ isError: true, text: expect.stringContaining('collection_not_found') });
    await client.close();
  });

  it('speaks the protocol of 2025 too, without sessions', async () => {
    const own = server.as(keys.default!);
    const response = await post(own, initialize);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('"protocolVersion":"2025-06-18"');
    const listed = await post(own, { jsonrpc: '2.0', id: 2, method: 'tools/list' });
    expect(await listed.text()).toContain('"read_passage"');
    expect((await own.fetch('/mcp')).status).toBe(405);
  });
});
