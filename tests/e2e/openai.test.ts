import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnswerView } from '../../shared/api/views/answer.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import { askServer, type Server, startServer, uploadText } from '../support/product/server.ts';
import { FERRY, LIGHTHOUSE } from '../support/product/texts.ts';

const QUESTION = 'When does the ferry to Grimsay leave?';
const EMBEDDER = 'all-minilm-l6-v2';
/** What earlier versions made of the name in the default model's file. */
const EARLIER = 'smollm2-135m-8k-lc100k-mix1-ep2';
const data = temporaryDirectory();
let server: Server;
let client: OpenAI;
let model: string;
beforeAll(async () => {
  server = await startServer(data);
  await uploadText(server, 'ferry.md', FERRY, 'station');
  await uploadText(server, 'lighthouse.md', LIGHTHOUSE, 'station');
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none is needed', maxRetries: 0 });
  model = (await client.models.list()).data[0]!.id;
});
afterAll(() => server?.stop('SIGKILL'));

type Completion = OpenAI.Chat.Completions.ChatCompletion & { blockrag: AnswerView };
type Chunk = OpenAI.Chat.Completions.ChatCompletionChunk & { blockrag?: AnswerView };
const user = (content: string) => ({ role: 'user' as const, content });
const failure = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(APIError);
  return error as APIError;
};

describe('the official client of OpenAI', () => {
  it('lists models, and looks at each', async () => {
    const { data: models } = await client.models.list();
    expect(models.map(({ id }) => id)).toEqual([model, `${model}@station`, EMBEDDER]);
    expect(await client.models.retrieve(model)).toMatchObject({ id: model, object: 'model' });
    expect(await client.models.retrieve(`${model}@station`)).toMatchObject({ id: `${model}@station` });
    expect(await failure(client.models.retrieve('gpt-4o'))).toMatchObject({
      status: 404,
      code: 'model_unknown',
    });
  });

  it('knows the model by the name that --model takes, and by the one of earlier versions', async () => {
    expect(model).toBe('smollm2-135m-instruct');
    for (const id of [model, EARLIER]) {
      expect(await client.models.retrieve(id)).toMatchObject({ id });
      const completion = (await client.chat.completions.create({
        model: `${id}@station`,
        messages: [user(QUESTION)],
        max_tokens: 4,
      })) as Completion;
      expect(completion.model).toBe(`${id}@station`);
      expect(completion.blockrag.citations[0]).toMatchObject({ document: 'ferry.md' });
    }
    expect((await askServer(server, QUESTION, { collection: 'station' })).model).toBe(model);
    expect((await server.system()).model).toBe(model);
  });

  it('chats without documents', async () => {
    const completion = await client.chat.completions.create({
      model,
      messages: [{ role: 'system', content: 'You are a parrot.' }, user('Say hello.')],
      max_completion_tokens: 8,
    });
    const [choice] = completion.choices;
    expect(choice).toMatchObject({ index: 0, message: { role: 'assistant' } });
    expect(choice!.message.content).not.toBe('');
    expect(completion.usage!.prompt_tokens_details).toEqual({ cached_tokens: 0 });
    expect(completion.usage!.completion_tokens).toBeLessThanOrEqual(8);
  });

  it.each([
    ['the model', () => ({ model: `${model}@station` }), {}],
    ['a header', () => ({ model }), { headers: { 'x-blockrag-collection': 'station' } }],
    ['its own field', () => ({ model, blockrag: { collection: 'station' } }), {}],
  ])('answers from the collection that %s names, as the query route does', async (_how, named, options) => {
    const expected = await askServer(server, QUESTION, { collection: 'station', max_tokens: 8 });
    const completion = (await client.chat.completions.create(
      { ...named(), messages: [user(QUESTION)], max_tokens: 8 },
      options,
    )) as Completion;
    expect(completion.choices[0]).toMatchObject({
      message: { content: expected.answer },
      finish_reason: 'length',
    });
    expect(completion.usage).toEqual({
      prompt_tokens: expected.usage.prompt_tokens,
      completion_tokens: 8,
      total_tokens: expected.usage.prompt_tokens + 8,
      prompt_tokens_details: { cached_tokens: expected.usage.reused_tokens },
    });
    expect(completion.usage!.prompt_tokens_details!.cached_tokens).toBeGreaterThan(0);
    expect(completion.blockrag.citations).toEqual(expected.citations);
  });

  it('takes parts of text, a conversation before the question, and turns of one role in a row', async () => {
    const completion = (await client.chat.completions.create({
      model: `${model}@station`,
      messages: [
        { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
        user(QUESTION),
        { role: 'assistant', content: 'At noon on Tuesdays.' },
        user('Thanks.'),
        { role: 'user', content: [{ type: 'text', text: 'What does a ticket for it cost?' }] },
      ],
      max_tokens: 8,
    })) as Completion;
    expect(completion.blockrag.citations[0]).toMatchObject({ document: 'ferry.md' });
  });

  it('streams the same text, then why it ended, then what it cost', async () => {
    const request = { model: `${model}@station`, messages: [user(QUESTION)], max_tokens: 8 };
    const whole = (await client.chat.completions.create(request)) as Completion;
    const stream = await client.chat.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks: Chunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
    expect(text.trim()).toBe(whole.choices[0]!.message.content);
    expect(chunks[0]!.choices[0]!.delta).toEqual({ role: 'assistant', content: '' });
    const [ended, last] = chunks.slice(-2);
    expect(ended!.choices[0]!.finish_reason).toBe('length');
    expect(last).toMatchObject({ choices: [], usage: whole.usage });
    expect(last!.blockrag!.citations).toEqual(whole.blockrag.citations);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  it('gets the extension in the last chunk where it asks for no usage', async () => {
    const stream = await client.chat.completions.create({
      model: `${model}@station`,
      messages: [user('How do I bake sourdough bread with rye flour?')],
      stream: true,
    });
    const chunks: Chunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.at(-1)).toMatchObject({
      choices: [{ finish_reason: 'stop' }],
      blockrag: { finish_reason: 'no_relevant_passages', citations: [] },
    });
  });

  it('stops at a stop string, and repeats itself with a seed', async () => {
    const request = {
      model,
      messages: [user('Count from 1 to 9.')],
      max_tokens: 12,
      temperature: 1.2,
      seed: 5,
    };
    const first = await client.chat.completions.create(request);
    const second = await client.chat.completions.create(request);
    const text = first.choices[0]!.message.content!;
    expect(second.choices[0]!.message.content).toBe(text);
    const stop = text.trim().split(' ')[1]!;
    const stopped = await client.chat.completions.create({ ...request, stop });
    expect(stopped.choices[0]).toMatchObject({ finish_reason: 'stop' });
    expect(stopped.choices[0]!.message.content).toBe(text.slice(0, text.indexOf(stop)).trim());
  });

  it('sends what changes nothing, and null for what it leaves open', async () => {
    const completion = await client.chat.completions.create({
      model,
      messages: [user('Hello.')],
      max_tokens: 1,
      n: 1,
      user: 'someone',
      metadata: { a: 'b' },
      store: false,
      presence_penalty: 0,
      frequency_penalty: null,
      logprobs: false,
      tools: [],
      tool_choice: 'none',
      response_format: { type: 'text' },
      stop: null,
      seed: null,
      temperature: null,
    });
    expect(completion.usage!.completion_tokens).toBe(1);
  });

  it.each([
    ['tool_choice', 'required'],
    ['n', 2],
    ['logprobs', true],
    ['response_format', { type: 'json_object' }],
    ['presence_penalty', 0.5],
    ['logit_bias', { 5: 1 }],
    ['web_search_options', {}],
  ])('is told that %s is not supported', async (param, value) => {
    const body = { model, messages: [user('Hello.')], [param]: value };
    const error = await failure(client.chat.completions.create(body as never));
    expect(error).toMatchObject({
      status: 400,
      code: 'unsupported_parameter',
      param,
      type: 'invalid_request_error',
    });
  });

  it.each([
    ['no messages', { messages: [] }, 400, 'invalid_request'],
    [
      'an assistant who has the last word',
      { messages: [user('Hi'), { role: 'assistant', content: 'Hi' }] },
      400,
      'invalid_request',
    ],
    [
      'a picture',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
      400,
      'invalid_request',
    ],
    ['a role of its own', { messages: [{ role: 'poet', content: 'Hi' }] }, 400, 'invalid_request'],
    [
      'an empty question',
      { messages: [user(' ')], blockrag: { collection: 'station' } },
      400,
      'question_empty',
    ],
    ['another model', { model: 'gpt-4o' }, 404, 'model_unknown'],
    ['an unknown collection', { blockrag: { collection: 'nowhere' } }, 404, 'collection_not_found'],
    ['too long a question', { messages: [user('why '.repeat(10_000))] }, 400, 'context_length_exceeded'],
    [
      'too long a system text',
      { messages: [{ role: 'system', content: 'why '.repeat(10_000) }, user('Why?')] },
      400,
      'context_length_exceeded',
    ],
  ])('is refused %s', async (_what, more, status, code) => {
    const body = { model, messages: [user('Hello.')], ...more };
    for (const stream of [false, true]) {
      const error = await failure(client.chat.completions.create({ ...body, stream } as never));
      expect(error).toMatchObject({ status, code });
      expect(error.message).not.toBe('');
    }
  });

  it('may go away in the middle of a stream, which ends the work', async () => {
    const stream = await client.chat.completions.create({
      model,
      messages: [user('Tell me everything.')],
      max_tokens: 4000,
      temperature: 2,
      seed: 1,
      stream: true,
    });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) stream.controller.abort();
    await expect
      .poll(() => server.log(), { timeout: 10_000 })
      .toMatch(/"route":"\/v1\/chat\/completions".*"code":"cancelled"/);
  });

  it('is told in the stream when the server stops in the middle of it', async () => {
    const other = await startServer(temporaryDirectory());
    const itsClient = new OpenAI({ baseURL: `${other.url}/v1`, apiKey: 'x', maxRetries: 0 });
    const stream = await itsClient.chat.completions.create({
      model,
      messages: [user('Tell me everything.')],
      max_tokens: 4000,
      temperature: 2,
      seed: 1,
      stream: true,
    });
    let ended: Promise<number | null> | undefined;
    const reading = (async () => {
      for await (const _ of stream) ended ??= other.stop('SIGTERM');
    })();
    expect(await failure(reading)).toMatchObject({ code: 'shutting_down' });
    expect(await ended).toBe(0);
  });
});
