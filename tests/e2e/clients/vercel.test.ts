import { createOpenAI } from '@ai-sdk/openai';
import { APICallError, embedMany, generateText, streamText } from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/product/directory.ts';
import { askServer, type Server, startServer, uploadText } from '../../support/product/server.ts';
import { FERRY } from '../../support/product/texts.ts';

const QUESTION = 'When does the ferry to Grimsay leave?';
const id = 'smollm2-135m-instruct@station';
let server: Server;
beforeAll(async () => {
  server = await startServer(temporaryDirectory());
  await uploadText(server, 'ferry.md', FERRY, 'station');
});
afterAll(() => server?.stop('SIGKILL'));

const openai = () => createOpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none is needed' });
const common = { maxOutputTokens: 8, maxRetries: 0 };

describe("Vercel's AI SDK with its OpenAI provider, which asks by the Responses API", () => {
  it('generates text, with the documents as sources', async () => {
    const { answer, usage } = await askServer(server, QUESTION, { collection: 'station' });
    const result = await generateText({ ...common, model: openai()(id), prompt: QUESTION });
    expect(result.text).toBe(answer);
    expect(result.finishReason).toBe('length');
    expect(result.usage).toMatchObject({
      inputTokens: usage.prompt_tokens,
      outputTokens: usage.completion_tokens,
      inputTokenDetails: { cacheReadTokens: usage.reused_tokens },
    });
    expect(result.sources).toEqual([expect.objectContaining({ sourceType: 'document', title: 'ferry.md' })]);
  });

  it('streams text, its sources and usage', async () => {
    const { answer, usage } = await askServer(server, QUESTION, { collection: 'station' });
    const result = streamText({ ...common, model: openai()(id), prompt: QUESTION });
    let text = '';
    for await (const piece of result.textStream) text += piece;
    expect(text.trim()).toBe(answer);
    expect(await result.finishReason).toBe('length');
    expect((await result.usage).inputTokens).toBe(usage.prompt_tokens);
    expect(await result.sources).toEqual([expect.objectContaining({ title: 'ferry.md' })]);
  });

  it('goes on with a conversation whose turns are given', async () => {
    const first = await generateText({
      ...common,
      model: openai()(id),
      system: 'Be brief.',
      prompt: QUESTION,
    });
    const messages = [
      { role: 'user' as const, content: QUESTION },
      ...first.response.messages,
      { role: 'user' as const, content: 'What does a ticket for it cost?' },
    ];
    const stateless = { providerOptions: { openai: { store: false } } };
    const result = await generateText({ ...common, ...stateless, model: openai()(id), messages });
    expect(result.sources).toEqual([expect.objectContaining({ title: 'ferry.md' })]);
  });

  it('is told how to, where it counts on stored turns', async () => {
    const { response } = await generateText({ ...common, model: openai()(id), prompt: QUESTION });
    const messages = [...response.messages, { role: 'user' as const, content: QUESTION }];
    const error = await generateText({ ...common, model: openai()(id), messages }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(APICallError);
    expect(error.message).toContain('store: false');
  });

  it('asks by chat completions too, embeds, and reads our errors', async () => {
    const { text } = await generateText({ ...common, model: openai().chat(id), prompt: QUESTION });
    expect(text).not.toBe('');
    const model = openai().embedding('all-minilm-l6-v2');
    const { embeddings } = await embedMany({ model, values: ['one', 'two'] });
    expect(embeddings.map((vector) => vector.length)).toEqual([384, 384]);
    const unknown = generateText({ ...common, model: openai()('gpt-5'), prompt: QUESTION });
    await expect(unknown).rejects.toMatchObject({
      statusCode: 404,
      message: expect.stringContaining('gpt-5'),
    });
  });
});
