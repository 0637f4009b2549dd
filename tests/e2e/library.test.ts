/** `blockrag`, `blockrag/server` and `blockrag/client` as programs use them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, serve } from '../../shared/api/index.ts';
import { BlockragClient } from '../../shared/client/index.ts';
import {
  type AnswerEvent,
  type Blockrag,
  type OpenBlockragOptions,
  openBlockrag,
} from '../../shared/index.ts';
import type { BlobStore } from '../../shared/storage/ports.ts';
import { openEmbeddedStores } from '../../shared/stores/embedded.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import { FERRY, LIGHTHOUSE } from '../support/product/texts.ts';
import { testConfig } from '../support/settings.ts';

const QUESTION = 'When does the ferry leave?';

/** What a program gives; where models are kept is the test run's. */
function options(more: OpenBlockragOptions): OpenBlockragOptions {
  const { cache, python } = testConfig();
  return { adapter: 'none', cache, python, ...more };
}

describe('a program with the library', () => {
  let blockrag: Blockrag;
  let server: RunningServer;

  beforeAll(async () => {
    blockrag = await openBlockrag(options({ data: temporaryDirectory() }));
    server = await serve(blockrag, { host: '127.0.0.1', port: 0 });
  });

  afterAll(async () => {
    await server.close();
    await blockrag.close();
  });

  it('adds a document, waits until it is ready, and is answered from stored keys and values', async () => {
    const { id } = await blockrag.add({ name: 'ferry.md', text: FERRY, metadata: { year: 2024 } });
    expect(await blockrag.ready(id)).toMatchObject({
      status: 'ready',
      answers: true,
      metadata: { year: 2024 },
    });
    const answer = await blockrag.ask(QUESTION, { max_tokens: 8 });
    expect(answer.citations[0]).toMatchObject({ document: 'ferry.md', document_id: id });
    expect(answer.usage.encoded_tokens).toBe(0);
    expect(answer.usage.reused_tokens).toBeGreaterThan(0);
  });

  it('gets the text piece by piece, and the whole answer at last', async () => {
    const events: AnswerEvent[] = [];
    for await (const event of blockrag.stream(QUESTION, { max_tokens: 8 })) events.push(event);
    const last = events.at(-1)!;
    if (last.type !== 'done') throw new Error(`the last event is ${last.type}`);
    const text = events.map((event) => (event.type === 'text' ? event.text : '')).join('');
    expect(text.trim()).toBe(last.answer.answer);
    expect(events.length).toBeGreaterThan(2);
  });

  it('sees nothing of another tenant', async () => {
    const other = blockrag.forTenant('acme');
    await other.ready((await other.add({ name: 'lighthouse.md', text: LIGHTHOUSE })).id);
    const names = async (of: Blockrag) => (await of.documents()).documents.map(({ name }) => name);
    expect(await names(other)).toEqual(['lighthouse.md']);
    expect(await names(blockrag)).toEqual(['ferry.md']);
  });

  it('is told of a failed document by its code', async () => {
    const { id } = await blockrag.add({
      name: 'broken.pdf',
      bytes: new TextEncoder().encode('%PDF-1.7 no more'),
    });
    await expect(blockrag.ready(id)).rejects.toMatchObject({ code: expect.stringMatching(/^document_/) });
    await blockrag.remove(id);
    await expect(blockrag.document(id)).rejects.toMatchObject({ code: 'document_not_found' });
  });

  it('has the same from the HTTP client of a server on it', async () => {
    const client = new BlockragClient({ url: server.url });
    const here = await blockrag.ask(QUESTION, { max_tokens: 8 });
    const there = await client.ask(QUESTION, { max_tokens: 8 });
    expect({ ...there, timings_ms: here.timings_ms }).toEqual(here);
    expect(await client.documents()).toEqual(await blockrag.documents());
    expect(await client.collections()).toEqual(await blockrag.collections());
    expect(await client.system()).toEqual(await blockrag.system());
    expect(await client.stats()).toEqual(await blockrag.stats());
    const { id } = await client.add({ name: 'lighthouse.md', text: LIGHTHOUSE });
    expect(await client.ready(id)).toEqual(await blockrag.document(id));
    await client.close();
  });

  it('names documents and collections as the API does', async () => {
    const { id } = await blockrag.add({ name: ' note 1 ', text: FERRY, collection: ' notes ' });
    expect(await blockrag.ready(id)).toMatchObject({ name: 'note 1', collection: 'notes' });
    const answer = await blockrag.ask(QUESTION, { collection: ' notes ', max_tokens: 4 });
    expect(answer.citations[0]?.document).toBe('note 1');
    await expect(blockrag.add({ name: ' ', text: FERRY })).rejects.toMatchObject({ code: 'invalid_request' });
    await blockrag.removeCollection('notes');
  });

  it('is refused what is wrong with a stable code', async () => {
    await expect(blockrag.ask('')).rejects.toMatchObject({ code: 'question_empty' });
    await expect(blockrag.ask(QUESTION, { top_k: 0 })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(blockrag.ask(QUESTION, { collection: 'none' })).rejects.toMatchObject({
      code: 'collection_not_found',
    });
    await expect(openBlockrag({ kv: 'int3' })).rejects.toMatchObject({ code: 'invalid_option' });
    for (const tenant of ['a/b', 'Acme Inc', '']) {
      expect(() => blockrag.forTenant(tenant)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    }
  });
});

it("a program's own blob store is used in the place of the embedded one", async () => {
  const objects = new Map<string, Uint8Array<ArrayBuffer>>();
  const blobs: BlobStore = {
    put: async (key, bytes, { replace = false } = {}) => {
      if (objects.has(key) && !replace) return false;
      objects.set(key, Uint8Array.from(bytes));
      return true;
    },
    get: async (key) => objects.get(key)?.slice(),
    has: async (key) => objects.has(key),
    delete: async (key) => objects.delete(key),
    list: async function* (prefix) {
      for (const key of [...objects.keys()].sort()) {
        if (prefix === '' || key.startsWith(`${prefix}/`))
          yield { key, bytes: objects.get(key)!.length, modified: 0 };
      }
    },
    close: async () => objects.clear(),
  };
  const stores = { ...(await openEmbeddedStores(temporaryDirectory(), { command: 'test' })), blobs };
  const blockrag = await openBlockrag(options({ stores }));
  await blockrag.ready((await blockrag.add({ name: 'ferry.md', text: FERRY })).id);
  expect([...objects.keys()].filter((key) => key.startsWith('kv/default/'))).toHaveLength(2);
  expect((await blockrag.ask(QUESTION, { max_tokens: 8 })).usage.encoded_tokens).toBe(0);
  await blockrag.close();
});

describe('a Blockrag that is closed', () => {
  it('ends what waits with an error of ours, and may be closed again', async () => {
    const blockrag = await openBlockrag(options({ data: temporaryDirectory(), works: false }));
    const { id } = await blockrag.add({ name: 'ferry.md', text: FERRY });
    const ready = expect(blockrag.ready(id)).rejects.toMatchObject({ code: 'shutting_down' });
    await Promise.all([blockrag.close(), blockrag.forTenant('acme').close()]);
    await ready;
    await expect(blockrag.work()).rejects.toMatchObject({ code: 'shutting_down' });
  });

  it('leaves stores free that could not be opened for a wrong setting', async () => {
    const data = temporaryDirectory();
    const stores = await openEmbeddedStores(data, { command: 'test' });
    await expect(openBlockrag(options({ stores, passageTokens: 5 }))).rejects.toMatchObject({
      code: 'invalid_option',
    });
    await (await openEmbeddedStores(data, { command: 'test' })).close();
  });
});
