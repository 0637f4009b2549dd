/** Requests as clients send them although OpenAI's description has them otherwise. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/product/directory.ts';
import { type Server, startServer, uploadText } from '../support/product/server.ts';
import { FERRY, LIGHTHOUSE } from '../support/product/texts.ts';

const QUESTION = 'When does the ferry to Grimsay leave?';
const model = 'smollm2-135m-instruct@station';
let server: Server;
beforeAll(async () => {
  server = await startServer(temporaryDirectory(), {
    BLOCKRAG_CORS_ORIGINS: 'http://localhost:3000',
    BLOCKRAG_MAX_QUESTION_LENGTH: '2000',
  });
  await uploadText(server, 'ferry.md', FERRY, 'station');
  await uploadText(server, 'lighthouse.md', LIGHTHOUSE, 'station');
});
afterAll(() => server?.stop('SIGKILL'));

const user = (content: unknown) => ({ role: 'user', content });
interface Completion {
  choices: { message: { content: string }; finish_reason: string }[];
  usage: { prompt_tokens: number; completion_tokens: number };
  blockrag: { citations: { document: string }[] };
}

async function complete(body: object): Promise<Completion> {
  const response = await server.post('/v1/chat/completions', { model, max_tokens: 8, ...body });
  const value = await response.json();
  expect(response.status, JSON.stringify(value)).toBe(200);
  return value as Completion;
}

describe('a conversation is answered as it would be without', () => {
  let plain: Completion;
  beforeAll(async () => {
    plain = await complete({
      messages: [user(QUESTION), { role: 'assistant', content: 'At noon.' }, user(QUESTION)],
    });
  });
  const asked = (first: object, last: object = user(QUESTION)) => ({
    messages: [user(QUESTION), { role: 'assistant', content: 'At noon.', ...first }, last],
  });

  it.each([
    [
      "what openai-python's model_dump() gives",
      asked({ refusal: null, annotations: null, audio: null, function_call: null, tool_calls: null }),
    ],
    ['annotations', asked({ annotations: [{ type: 'url_citation', url_citation: {} }] })],
    ['ids, names and times', asked({ id: 'a' }, { ...user(QUESTION), id: 'b', name: null, timestamp: 5 })],
    ['reasoning', asked({ reasoning_content: 'I think.' })],
    [
      'cache_control on a part',
      asked({}, user([{ type: 'text', text: QUESTION, cache_control: { type: 'ephemeral' } }])),
    ],
    ['parts that are bare texts', asked({}, user([QUESTION]))],
    [
      'what a model thought',
      asked({
        content: [
          { type: 'thinking', thinking: 'Hm.' },
          { type: 'text', text: 'At noon.' },
        ],
      }),
    ],
    [
      "an assistant's greeting first",
      { messages: [{ role: 'assistant', content: 'Hello! What may I do?' }, ...asked({}).messages] },
    ],
    [
      'tools that another model called',
      {
        messages: [
          user(QUESTION),
          { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function' }] },
          { role: 'tool', tool_call_id: 'c1', content: '{"noon": true}' },
          ...asked({}).messages.slice(1),
        ],
      },
    ],
    ['tools that are offered', { ...asked({}), tools: [{ type: 'function' }], tool_choice: 'auto' }],
    ['functions that are null', { ...asked({}), functions: null, function_call: null }],
    [
      'sampling of other servers',
      {
        ...asked({}),
        ...{ top_k: 40, min_p: 0.05, typical_p: 1, repetition_penalty: 1.1, repeat_penalty: 1.1 },
        ...{ mirostat: 2, mirostat_tau: 5, tfs_z: 1, dry_multiplier: 0.8, xtc_probability: 0.1 },
        ...{
          num_ctx: 4096,
          ignore_eos: false,
          cache_prompt: true,
          keep_alive: '5m',
          chat_template_kwargs: {},
        },
      },
    ],
    [
      "OpenAI's fields that change nothing here",
      {
        ...asked({}),
        ...{
          reasoning_effort: 'low',
          verbosity: 'low',
          prediction: null,
          user: { id: 1 },
          seed: -1,
          top_p: 0,
        },
        ...{ metadata: { chat: { id: 1 } }, logit_bias: {}, stream_options: null, blockrag: null, n: 1 },
      },
    ],
  ])('%s', async (_what, body) => {
    const { choices, usage } = await complete(body);
    expect(choices).toEqual(plain.choices);
    expect(usage.prompt_tokens).toBe(plain.usage.prompt_tokens);
  });

  it('several system messages, an empty one among them', async () => {
    const system = (content: unknown) => ({ role: 'system', content });
    const { blockrag } = await complete({
      messages: [system('Be brief.'), user(QUESTION), system(''), user('')],
    });
    expect(blockrag.citations[0]).toMatchObject({ document: 'ferry.md' });
  });

  it('an empty answer in the history, as an interrupted one leaves', async () => {
    const messages = [user(QUESTION), { role: 'assistant', content: '' }, user(QUESTION)];
    expect((await complete({ messages })).blockrag.citations[0]).toMatchObject({ document: 'ferry.md' });
  });

  it('the result of a tool after the question, which is read with it', async () => {
    const messages = [
      user(QUESTION),
      { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function' }] },
      { role: 'tool', tool_call_id: 'c1', content: 'It is Tuesday.' },
    ];
    const { usage } = await complete({ messages });
    const { usage: alone } = await complete({ messages: messages.slice(0, 1) });
    expect(usage.prompt_tokens).toBeGreaterThan(alone.prompt_tokens);
  });
});

describe('the length of an answer', () => {
  const ask = (tokens: object) => complete({ messages: [user(QUESTION)], stop: '.', ...tokens });

  it.each([
    ['max_tokens', 32_000],
    ['max_tokens', 8192],
    ['max_completion_tokens', 16_384],
    ['max_tokens', -1],
    ['max_tokens', 0],
    ['max_tokens', null],
  ])('%s %s is as much as fits, or the default', async (field, value) => {
    const { blockrag, usage } = await ask({ max_tokens: undefined, [field]: value });
    expect(blockrag.citations[0]).toMatchObject({ document: 'ferry.md' });
    expect(usage.completion_tokens).toBeGreaterThan(1);
  });

  it('without documents, too', async () => {
    const { choices } = await ask({ model: 'smollm2-135m-instruct', max_tokens: 32_000 });
    expect(choices[0]!.message.content).not.toBe('');
  });
});

describe('a conversation longer than the limit', () => {
  const talk = (turns: number) =>
    Array.from({ length: turns }, (_, i) => [
      user(`Point ${i}. ${'The tide was low. '.repeat(10)}`),
      { role: 'assistant', content: `Yes, ${i}. ${'It was. '.repeat(10)}` },
    ]).flat();

  it.each([model, 'smollm2-135m-instruct'])('loses its oldest turns, for %s', async (name) => {
    const some = await complete({ model: name, messages: [...talk(4), user(QUESTION)], max_tokens: 1 });
    const many = await complete({ model: name, messages: [...talk(40), user(QUESTION)], max_tokens: 1 });
    const more = await complete({ model: name, messages: [...talk(400), user(QUESTION)], max_tokens: 1 });
    expect(many.usage.prompt_tokens).toBeGreaterThan(some.usage.prompt_tokens);
    expect(Math.abs(more.usage.prompt_tokens - many.usage.prompt_tokens)).toBeLessThan(100);
  });
});

describe('pages of a user interface on this machine', () => {
  const preflight = (origin: string) =>
    server.fetch('/v1/chat/completions', {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-stainless-os',
        'access-control-request-private-network': 'true',
      },
    });

  it('may ask where the setting allows it', async () => {
    const { status, headers } = await preflight('http://localhost:3000');
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
    expect(headers.get('access-control-allow-methods')).toContain('POST');
    expect(headers.get('access-control-allow-headers')).toContain('x-stainless-os');
    expect(headers.get('access-control-allow-private-network')).toBe('true');
  });

  it('may not where it does not', async () => {
    const { headers } = await preflight('https://evil.example');
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('access-control-allow-private-network')).toBeNull();
  });
});

describe("what OpenAI has and this has not is said in OpenAI's shape", () => {
  it.each([
    ['POST', '/v1/completions', 404, 'not_found', '/v1/chat/completions'],
    ['GET', '/v1/responses/resp_1', 404, 'not_found', 'not stored'],
    ['POST', '/v1/images/generations', 404, 'not_found', 'nothing at'],
    ['GET', '/v1/unheard-of', 404, 'not_found', 'nothing at'],
    ['GET', '/v1/chat/completions', 405, 'method_not_allowed', 'POST'],
    ['DELETE', '/v1/models/smollm2-135m-instruct', 405, 'method_not_allowed', 'GET'],
  ])('%s %s', async (method, path, status, code, says) => {
    const response = await server.fetch(path, { method });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json');
    const { error } = (await response.json()) as { error: { message: string; code: string } };
    expect(error).toMatchObject({ code, type: expect.any(String), param: null });
    expect(error.message).toContain(says);
  });
});
