import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/product/directory.ts';
import { askServer, type Server, startServer, uploadText } from '../../support/product/server.ts';
import { FERRY } from '../../support/product/texts.ts';

const QUESTION = 'When does the ferry to Grimsay leave?';
const model = 'smollm2-135m-instruct@station';
let server: Server;
let client: OpenAI;
beforeAll(async () => {
  server = await startServer(temporaryDirectory());
  await uploadText(server, 'ferry.md', FERRY, 'station');
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none is needed', maxRetries: 0 });
});
afterAll(() => server?.stop('SIGKILL'));

const cited = (response: OpenAI.Responses.Response) =>
  response.output.flatMap((item) =>
    item.type !== 'message'
      ? []
      : item.content.flatMap((part) => (part.type === 'output_text' ? part.annotations : [])),
  );

describe('the Responses API with the official client', () => {
  it('answers from a collection, with its documents as citations', async () => {
    const { answer, usage, citations } = await askServer(server, QUESTION, { collection: 'station' });
    const response = await client.responses.create({ model, input: QUESTION, max_output_tokens: 8 });
    expect(response.output_text).toBe(answer);
    expect(response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      usage: {
        input_tokens: usage.prompt_tokens,
        output_tokens: 8,
        input_tokens_details: { cached_tokens: usage.reused_tokens },
      },
      blockrag: { citations },
    });
    expect(cited(response)).toEqual([
      {
        type: 'file_citation',
        file_id: citations[0]!.document_id,
        filename: 'ferry.md',
        index: answer.length,
      },
    ]);
  });

  it('streams the events in order, and the helper puts them together', async () => {
    const body = { model, input: QUESTION, max_output_tokens: 8 } as const;
    const events: OpenAI.Responses.ResponseStreamEvent[] = [];
    for await (const event of await client.responses.create({ ...body, stream: true })) events.push(event);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, i) => i));
    const types = events.map(({ type }) => type).filter((type) => type !== 'response.output_text.delta');
    expect(types).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.annotation.added',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.incomplete',
    ]);
    const deltas = events.flatMap((event) =>
      event.type === 'response.output_text.delta' ? event.delta : [],
    );
    const final = await client.responses.stream(body).finalResponse();
    expect(final.output_text).toBe(deltas.join(''));
    expect(cited(final)).toHaveLength(1);
  });

  it('takes instructions, and the turns of a conversation in any of their forms', async () => {
    const input: OpenAI.Responses.ResponseInput = [
      { role: 'developer', content: 'Be brief.' },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: QUESTION }] },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: 'noon' },
      { role: 'assistant', content: 'At noon.' },
      { role: 'user', content: 'What does a ticket for it cost?' },
    ];
    const response = await client.responses.create({
      model,
      input,
      instructions: 'Answer in English.',
      max_output_tokens: 4,
      store: true,
      truncation: 'auto',
      metadata: { a: 'b' },
    });
    expect(response).toMatchObject({
      instructions: 'Answer in English.',
      metadata: { a: 'b' },
      store: false,
    });
    expect(cited(response)).toHaveLength(1);
    const chat = await client.responses.create({ model: 'smollm2-135m-instruct', input: 'Say hello.' });
    expect(chat.output_text).not.toBe('');
    expect(cited(chat)).toEqual([]);
  });

  it.each([
    [
      'a stored response',
      { previous_response_id: 'resp_1' },
      'unsupported_parameter',
      'previous_response_id',
    ],
    ['a stored item', { input: [{ type: 'item_reference', id: 'x' }] }, 'unsupported_parameter', 'input.0'],
    [
      'a picture',
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'x' }] }] },
      'invalid_request',
      'input.0.content.0',
    ],
    ['JSON of a schema', { text: { format: { type: 'json_object' } } }, 'unsupported_parameter', 'text'],
    ['a tool that must be called', { tool_choice: 'required' }, 'unsupported_parameter', 'tool_choice'],
    ['too long a question', { input: 'why '.repeat(10_000) }, 'context_length_exceeded', 'messages'],
  ])('is refused %s', async (_what, more, code, param) => {
    for (const stream of [false, true]) {
      const body = { model, input: QUESTION, ...more, stream };
      const error = await client.responses.create(body as never).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(APIError);
      expect(error).toMatchObject({ status: 400, code, param });
    }
  });

  it('is told in the stream when the server stops in the middle of it', async () => {
    const other = await startServer(temporaryDirectory());
    const itsClient = new OpenAI({ baseURL: `${other.url}/v1`, apiKey: 'x', maxRetries: 0 });
    const stream = await itsClient.responses.create({
      model: 'smollm2-135m-instruct',
      input: 'Tell me everything.',
      max_output_tokens: 4000,
      temperature: 2,
      stream: true,
    });
    let ended: Promise<number | null> | undefined;
    const reading = (async () => {
      for await (const _ of stream) ended ??= other.stop('SIGTERM');
    })();
    const error = await reading.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'shutting_down' });
    expect(await ended).toBe(0);
  });
});
