import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnswerView } from '../../shared/api/views/answer.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import {
  askServer,
  eventsOf,
  type Server,
  type ServerSentEvent,
  startServer,
  uploadText,
} from '../support/product/server.ts';
import { FERRY, LIGHTHOUSE } from '../support/product/texts.ts';

const MAX_ANSWERS = 3;
const QUESTION = 'When does the ferry to Grimsay leave?';
const data = temporaryDirectory();
let server: Server;
beforeAll(async () => {
  server = await startServer(data, { BLOCKRAG_MAX_ANSWERS: String(MAX_ANSWERS) });
  await uploadText(server, 'ferry.md', FERRY);
  await uploadText(server, 'lighthouse.md', LIGHTHOUSE);
});
afterAll(() => server?.stop('SIGKILL'));

async function stream(body: Record<string, unknown>): Promise<ServerSentEvent[]> {
  const response = await server.post('/v1/query', { stream: true, max_tokens: 8, ...body });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const events: ServerSentEvent[] = [];
  for await (const event of eventsOf(response)) events.push(event);
  return events;
}

describe('the REST API for questions', () => {
  it('answers with citations, token counts and timings', async () => {
    const answer = await askServer(server, QUESTION);
    expect(answer).toMatchObject({
      answer: expect.stringMatching(/ferry/i),
      finish_reason: 'length',
      attention: 'block',
      model: expect.any(String),
      passages_dropped: 0,
    });
    expect(answer.citations[0]).toMatchObject({
      document: 'ferry.md',
      title: 'Ferry',
      page: null,
      passage: 0,
    });
    expect(answer.usage).toMatchObject({ encoded_tokens: 0, completion_tokens: 8 });
  });

  it('reads from the disk once what it is asked for twice', async () => {
    const bytes = async (tier: 'disk' | 'memory') => {
      const text = await (await server.fetch('/metrics')).text();
      return Number(
        new RegExp(`^blockrag_blob_read_bytes_total\\{tier="${tier}"\\} (\\d+)$`, 'm').exec(text)?.[1],
      );
    };
    const { usage } = await askServer(server, QUESTION);
    const disk = await bytes('disk');
    const memory = await bytes('memory');
    expect(await askServer(server, QUESTION)).toMatchObject({ usage, timings_ms: { load: 0 } });
    expect(await bytes('disk')).toBe(disk);
    expect(await bytes('memory')).toBeGreaterThan(memory);
  });

  it('streams the same answer: texts that join to it, then all the rest', async () => {
    const { answer, usage, citations } = await askServer(server, QUESTION);
    const events = await stream({ question: QUESTION });
    const done = events.pop()!;
    expect(done.event).toBe('done');
    expect(done.data).toMatchObject({ answer, usage, citations });
    expect(events.length).toBeGreaterThan(1);
    expect(events.every(({ event }) => event === 'text')).toBe(true);
    expect(
      events
        .map((event) => (event.data as { text: string }).text)
        .join('')
        .trim(),
    ).toBe(answer);
  });

  it('ends a stream that cannot be answered with an error event', async () => {
    expect(await stream({ question: QUESTION, collection: 'nowhere' })).toMatchObject([
      { event: 'error', data: { code: 'collection_not_found', status: 404 } },
    ]);
  });

  it('ends at a stop string, which is not part of the answer', async () => {
    const { answer } = await askServer(server, QUESTION);
    const stop = answer.split(' ')[2]!;
    const stopped = await askServer(server, QUESTION, { stop });
    expect(stopped.finish_reason).toBe('stop');
    expect(stopped.answer).toBe(answer.slice(0, answer.indexOf(stop)).trim());
  });

  it('gives the same answer for the same seed', async () => {
    const sampled = { temperature: 1.5, seed: 7 };
    const first = await askServer(server, QUESTION, sampled);
    expect((await askServer(server, QUESTION, sampled)).answer).toBe(first.answer);
  });

  it('takes at most top_k passages', async () => {
    expect((await askServer(server, 'What is there in Grimsay?', { top_k: 1 })).citations).toHaveLength(1);
  });

  it('says so when the documents hold nothing about a question', async () => {
    const answer = await askServer(server, 'How do I bake sourdough bread with rye flour?');
    expect(answer).toMatchObject({ finish_reason: 'no_relevant_passages', citations: [] });
    expect(answer.usage.prompt_tokens).toBe(0);
  });

  it('answers questions that come at once as it answers each alone', async () => {
    const questions = [QUESTION, 'Who built the lighthouse?', 'What does a ticket cost?'];
    const alone: string[] = [];
    for (const question of questions) alone.push((await askServer(server, question)).answer);
    const together = await Promise.all(questions.map((question) => askServer(server, question)));
    expect(together.map(({ answer }) => answer)).toEqual(alone);
  });

  it('is overloaded past the limit of answers, and stops the work of clients that go away', async () => {
    const before = await askServer(server, QUESTION);
    const gone = new AbortController();
    // At this temperature the words are random and do not end: 4,000 tokens would take minutes.
    const endless = { question: QUESTION, max_tokens: 4000, temperature: 2, seed: 1 };
    for (let client = 1; client < MAX_ANSWERS; client++) {
      const response = await server.post('/v1/query', { ...endless, stream: true }, gone.signal);
      expect((await eventsOf(response).next()).value).toMatchObject({ event: 'text' });
    }
    const unstreamed = server.post('/v1/query', endless, gone.signal);
    const refused = await until(async () => {
      const response = await server.post('/v1/query', { question: QUESTION, max_tokens: 1 });
      return response.status === 200 ? undefined : response;
    });
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: 'overloaded' });

    gone.abort();
    await expect(unstreamed).rejects.toThrow();
    // An answer that went on would keep its place among the answers under way: all are free again.
    const answers = await until(async () => {
      const all = Array.from({ length: MAX_ANSWERS }, () =>
        server.post('/v1/query', { question: QUESTION, max_tokens: 8 }),
      );
      const responses = await Promise.all(all);
      return responses.every(({ ok }) => ok) ? responses : undefined;
    });
    for (const response of answers)
      expect(((await response.json()) as AnswerView).answer).toBe(before.answer);
    expect(await server.work()).toEqual({ waiting: 0, leased: 0, dead: 0 });
  });
});

/** Tries again until there is a value. */
async function until<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const value = await attempt();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
