import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/product/directory.ts';
import { type Server, startServer } from '../support/product/server.ts';

const EMBEDDER = 'all-minilm-l6-v2';
let server: Server;
let client: OpenAI;
beforeAll(async () => {
  server = await startServer(temporaryDirectory());
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none is needed', maxRetries: 0 });
});
afterAll(() => server?.stop('SIGKILL'));

const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describe('embeddings', () => {
  it('come as numbers and as base64', async () => {
    const input = ['Where is the ferry?', 'Where does the boat leave?', 'Bread needs flour.'];
    const packed = await client.embeddings.create({ model: EMBEDDER, input });
    const plain = await client.embeddings.create({ model: EMBEDDER, input, encoding_format: 'float' });
    expect(packed.data).toEqual(plain.data);
    expect(plain.usage.prompt_tokens).toBeGreaterThan(10);
    const [ferry, boat, bread] = plain.data.map(({ embedding }) => embedding);
    expect(dot(ferry!, ferry!)).toBeCloseTo(1, 4);
    expect(dot(ferry!, boat!)).toBeGreaterThan(dot(ferry!, bread!));
  });

  it('of 2,048 texts are made at once', async () => {
    const input = Array.from({ length: 2048 }, (_, i) => `Berth ${i}`);
    const { data } = await client.embeddings.create({ model: EMBEDDER, input });
    expect(data.map(({ index }) => index)).toEqual(input.map((_, i) => i));
  });

  it('of token ids of cl100k_base are those of their text, for one list and for many', async () => {
    const create = (input: unknown) =>
      client.embeddings.create({ model: EMBEDDER, input: input as string, encoding_format: 'float' });
    // "Hello world" and "Hello"
    const { data: texts } = await create(['Hello world', 'Hello']);
    expect((await create([[9906, 1917], [9906]])).data).toEqual(texts);
    expect((await create([9906, 1917])).data).toEqual(texts.slice(0, 1));
  });

  it('of token ids are made of a thousand texts at once, as LangChain sends them', async () => {
    const input = Array.from({ length: 1000 }, () => Array(100).fill(9906));
    const response = await server.post('/v1/embeddings', { model: EMBEDDER, input });
    expect(response.status).toBe(200);
    expect(((await response.json()) as { data: unknown[] }).data).toHaveLength(1000);
  });

  it('are made whatever is null or of another server', async () => {
    const body = { model: EMBEDDER, input: 'a', encoding_format: null, dimensions: null, user: null };
    const response = await server.post('/v1/embeddings', { ...body, input_type: 'query', truncate: 'END' });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ data: [{ embedding: expect.any(Array) }] });
  });

  it.each([
    ['another model', { model: 'text-embedding-3-small' }, 404, 'model_unknown', 'There is no model'],
    ['token ids of another vocabulary', { input: [199_999] }, 400, 'invalid_request', 'cl100k_base'],
    ['texts and token ids in one list', { input: ['a', 1] }, 400, 'invalid_request', 'not both'],
    ['more than 2,048 texts', { input: Array(2049).fill('a') }, 400, 'invalid_request', '2048'],
    ['an empty text', { input: ['a', ''] }, 400, 'invalid_request', 'input.1'],
    ['nothing', { input: [] }, 400, 'invalid_request', 'input'],
    ['more tokens than a text may have', { input: Array(8193).fill(9906) }, 400, 'invalid_request', '8192'],
    ['fewer dimensions', { dimensions: 100 }, 400, 'invalid_request', '384'],
  ])('are refused of %s, and it is said why', async (_what, more, status, code, says) => {
    const response = await server.post('/v1/embeddings', { model: EMBEDDER, input: 'a', ...more });
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe(code);
    expect(error.message).toContain(says);
  });
});
