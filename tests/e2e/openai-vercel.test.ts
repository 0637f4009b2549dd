import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, embedMany, generateText, streamText } from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/product/directory.ts';
import { askServer, type Server, startServer, uploadText } from '../support/product/server.ts';
import { FERRY } from '../support/product/texts.ts';

const QUESTION = 'When does the ferry to Grimsay leave?';
const id = 'smollm2-135m-instruct';
let server: Server;
beforeAll(async () => {
  server = await startServer(temporaryDirectory());
  await uploadText(server, 'ferry.md', FERRY, 'station');
});
afterAll(() => server?.stop('SIGKILL'));

const provider = () =>
  createOpenAICompatible({ name: 'blockrag', baseURL: `${server.url}/v1`, includeUsage: true });
const asked = (model: string) => ({
  model: provider()(model),
  prompt: QUESTION,
  maxOutputTokens: 8,
  maxRetries: 0,
});

describe("Vercel's AI SDK", () => {
  it('generates text from a collection', async () => {
    const { answer, usage } = await askServer(server, QUESTION, { collection: 'station' });
    const result = await generateText(asked(`${id}@station`));
    expect(result.text).toBe(answer);
    expect(result.finishReason).toBe('length');
    expect(result.usage).toMatchObject({
      inputTokens: usage.prompt_tokens,
      outputTokens: usage.completion_tokens,
      inputTokenDetails: { cacheReadTokens: usage.reused_tokens },
    });
  });

  it('streams text, and its usage', async () => {
    const { answer, usage } = await askServer(server, QUESTION, { collection: 'station' });
    const result = streamText(asked(`${id}@station`));
    let text = '';
    for await (const piece of result.textStream) text += piece;
    expect(text.trim()).toBe(answer);
    expect(await result.finishReason).toBe('length');
    expect((await result.usage).inputTokens).toBe(usage.prompt_tokens);
  });

  it('embeds', async () => {
    const model = provider().embeddingModel('all-minilm-l6-v2');
    const { embeddings } = await embedMany({ model, values: ['one', 'two'] });
    expect(embeddings.map((vector) => vector.length)).toEqual([384, 384]);
  });

  it('reads our errors', async () => {
    const error = await generateText(asked(`${id}@nowhere`)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(APICallError);
    expect(error).toMatchObject({ statusCode: 404, message: expect.stringContaining('nowhere') });
  });
});
