import { AIMessage, HumanMessage, SystemMessage } from '@langchain/core/messages';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/product/directory.ts';
import { askServer, type Server, startServer, uploadText } from '../../support/product/server.ts';
import { FERRY } from '../../support/product/texts.ts';

const QUESTION = 'When does the ferry to Grimsay leave?';
let server: Server;
beforeAll(async () => {
  server = await startServer(temporaryDirectory());
  await uploadText(server, 'ferry.md', FERRY, 'station');
});
afterAll(() => server?.stop('SIGKILL'));

const configuration = () => ({ baseURL: `${server.url}/v1` });
const model = (more: object = {}) =>
  new ChatOpenAI({
    model: 'smollm2-135m-instruct@station',
    apiKey: 'none is needed',
    maxTokens: 8,
    maxRetries: 0,
    configuration: configuration(),
    ...more,
  });

describe.each([
  ['chat completions', {}],
  ['the Responses API', { useResponsesApi: true }],
])('LangChain for JavaScript by %s', (_how, more) => {
  it('asks', async () => {
    const { answer, usage } = await askServer(server, QUESTION, { collection: 'station' });
    const message = await model(more).invoke(QUESTION);
    expect(message.text).toBe(answer);
    expect(message.usage_metadata).toMatchObject({ input_tokens: usage.prompt_tokens, output_tokens: 8 });
  });

  it('streams, and goes on with what it got', async () => {
    let text = '';
    for await (const chunk of await model(more).stream(QUESTION)) text += chunk.text;
    expect(text).not.toBe('');
    const first = await model(more).invoke(QUESTION);
    const messages = [
      new SystemMessage('Be brief.'),
      new HumanMessage(QUESTION),
      first,
      new AIMessage('Yes.'),
    ];
    const next = await model(more).invoke([...messages, new HumanMessage('What does a ticket for it cost?')]);
    expect(next.text).not.toBe('');
  });
});

it('LangChain for JavaScript embeds more texts than one request of its own holds', async () => {
  const embeddings = new OpenAIEmbeddings({
    model: 'all-minilm-l6-v2',
    apiKey: 'none is needed',
    configuration: configuration(),
  });
  const vectors = await embeddings.embedDocuments(Array.from({ length: 600 }, (_, i) => `Berth ${i}`));
  expect(vectors).toHaveLength(600);
  expect(await embeddings.embedQuery('Berth 7')).toHaveLength(384);
});
