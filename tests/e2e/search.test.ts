import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FoundPassageView } from '../../shared/api/views/search.ts';
import { BlockragClient } from '../../shared/client/index.ts';
import { openBlockrag } from '../../shared/index.ts';
import { blockrag, blockragJson } from '../support/product/command.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import { askServer, type Server, settled, startServer, uploadText } from '../support/product/server.ts';
import { FERRY, LIGHTHOUSE } from '../support/product/texts.ts';

const QUERY = 'When does the ferry to Grimsay leave?';
const data = temporaryDirectory();
let server: Server;
beforeAll(async () => {
  server = await startServer(data);
  for (const [name, text, year] of [
    ['ferry.md', FERRY, 2024],
    ['old-ferry.md', FERRY.replace('noon', 'dawn'), 1990],
  ] as const) {
    const document = { name, text, collection: 'station', metadata: { year } };
    const response = await server.post('/v1/documents', document);
    await settled(server, ((await response.json()) as { id: string }).id);
  }
  await uploadText(server, 'lighthouse.md', LIGHTHOUSE, 'station');
});
afterAll(() => server?.stop('SIGKILL'));

const search = async (body: object) => {
  const response = await server.post('/v1/search', { query: QUERY, collection: 'station', ...body });
  return { status: response.status, value: (await response.json()) as never };
};

describe('a search', () => {
  it('finds the passages that a question is answered from, with their scores and metadata', async () => {
    const { citations } = await askServer(server, QUERY, { collection: 'station', max_tokens: 1 });
    const { status, value } = await search({});
    const { passages } = value as { passages: FoundPassageView[] };
    expect(status).toBe(200);
    expect(passages.map(({ metadata: _, ...passage }) => passage)).toEqual(
      citations.map(({ grounding: _, ...citation }) => citation),
    );
    expect(passages.slice(0, 2).map(({ metadata }) => metadata.year)).toEqual(
      expect.arrayContaining([1990, 2024]),
    );
  });

  it('is narrowed by filter and number', async () => {
    const { value } = await search({ filter: { year: 1990 } });
    expect(value).toMatchObject({ passages: [{ document: 'old-ferry.md' }] });
    expect((await search({ top_k: 1 })).value).toMatchObject({ passages: { length: 1 } });
  });

  it('finds nothing where there is nothing about it', async () => {
    const { status, value } = await search({ query: 'How do I bake sourdough bread with rye flour?' });
    expect({ status, value }).toEqual({ status: 200, value: { passages: [] } });
  });

  it.each([
    ['an empty query', { query: ' ' }, 400, 'question_empty'],
    ['too long a query', { query: 'why '.repeat(10_000) }, 413, 'question_too_long'],
    ['an unknown collection', { collection: 'nowhere' }, 404, 'collection_not_found'],
    ['a field that is not known', { question: QUERY }, 400, 'invalid_request'],
  ])('is refused with %s', async (_what, body, status, code) => {
    expect(await search(body)).toMatchObject({ status, value: { code } });
  });

  it('is the same in the client, on the command line, and in the library without a server', async () => {
    const { value } = await search({ top_k: 2 });
    const { passages } = value as { passages: FoundPassageView[] };
    const options = { collection: 'station', top_k: 2 };
    expect(await new BlockragClient({ url: server.url }).search(QUERY, options)).toEqual(passages);
    const command = ['search', QUERY, '--collection', 'station', '--top-k', '2', '--data', data];
    expect((await blockragJson(command)).value).toEqual({ passages });
    expect((await blockrag(command)).stdout).toContain('The ferry to Grimsay leaves the north pier');
    await server.stop('SIGTERM');
    const library = await openBlockrag({ data, adapter: 'none', log: 'silent' });
    expect(await library.search(QUERY, options)).toEqual(passages);
    await library.close();
  });
});
