/** The query function as Lambda runs it: the bundle, under AWS's runtime interface client, asked as a gateway asks. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyRing } from '../../../shared/access/keys.ts';
import type { AnswerView } from '../../../shared/api/views/answer.ts';
import { describeWith } from '../../services/describe-with.ts';
import { type LambdaFunction, startFunction } from '../../services/ric.ts';
import { bundleEntry } from '../../support/aws/artifact.ts';
import { CLOUD, type Cloud, startCloud } from '../../support/aws/cloud.ts';
import {
  bufferedResponse,
  eventsIn,
  type GatewayRequest,
  gatewayEvent,
  streamedResponse,
  textOf,
} from '../../support/aws/gateway.ts';
import { openInProcess } from '../../support/aws/opened.ts';
import { testModel } from '../../support/models.ts';
import type { ServerSentEvent } from '../../support/product/server.ts';
import { FERRY, LIGHTHOUSE } from '../../support/product/texts.ts';

const QUESTION = 'Who built the lighthouse of Grimsay?';

describeWith([...CLOUD, 'lambda-ric'], 'the query function', () => {
  let cloud: Cloud;
  let key: string;
  let directory: string;
  beforeAll(async () => {
    await testModel('w8a8');
    cloud = await startCloud({ BLOCKRAG_LOG: 'info', BLOCKRAG_BLOB_CACHE_BYTES: '10000000' });
    const opened = await openInProcess(cloud, { works: true });
    for (const [name, text] of Object.entries({ ferry: FERRY, lighthouse: LIGHTHOUSE })) {
      const object = `documents/acme/default/${name}.md`;
      await cloud.put(object, text);
      await opened.follow(object);
      await opened.settled(object);
    }
    const keys = new KeyRing(opened.system.services.catalog.table);
    ({ key } = await keys.add({ tenant: 'acme', name: 'test', scopes: ['read', 'write'] }));
    await opened.close();
    directory = await bundleEntry('functions', 'query');
  });
  afterAll(() => cloud?.stop());

  const start = (environment: Record<string, string>) =>
    startFunction({
      directory,
      handler: 'query.handler',
      environment: {
        PATH: process.env.PATH,
        TMPDIR: process.env.TMPDIR,
        ...cloud.environment,
        ...environment,
      },
    });

  describe('streamed', () => {
    let lambda: LambdaFunction;
    beforeAll(async () => {
      lambda = await start({ BLOCKRAG_TRANSFER: 'STREAM', BLOCKRAG_REQUEST_TIMEOUT_MS: '5000' });
    });
    afterAll(() => lambda?.stop());

    const ask = async (request: GatewayRequest) => {
      const invocation = await lambda.invoke(gatewayEvent({ key, ...request }));
      return { invocation, ...(await streamedResponse(invocation)) };
    };

    it('is healthy, and says so in a well-formed stream', async () => {
      const { status, headers, pieces, invocation } = await ask({ path: '/healthz' });
      expect(status).toBe(200);
      expect(headers['content-type']).toContain('application/json');
      expect(JSON.parse(await textOf(pieces))).toMatchObject({ status: 'ok' });
      expect(invocation.trailers()).toEqual({});
    });

    it('sends the first words of an answer before the last are known', async () => {
      const body = { question: QUESTION, stream: true, max_tokens: 24, top_k: 2, temperature: 0 };
      const { status, headers, pieces, invocation } = await ask({ path: '/v1/query', body });
      expect(status).toBe(200);
      expect(headers['content-type']).toBe('text/event-stream');
      const events: (ServerSentEvent & { whole: boolean })[] = [];
      for await (const event of eventsIn(pieces)) events.push({ ...event, whole: invocation.whole() });
      expect(events[0]).toMatchObject({ event: 'text', whole: false });
      expect(events.filter(({ event }) => event === 'text').length).toBeGreaterThan(3);
      const { event, data } = events.at(-1)!;
      expect(event).toBe('done');
      const { citations, usage } = data as AnswerView;
      expect(citations[0]!.document).toBe('lighthouse.md');
      expect(usage).toMatchObject({ encoded_tokens: 0 });
      expect(usage.reused_tokens).toBeGreaterThan(0);
      expect(invocation.trailers()).toEqual({});
    });

    it('ends a stream that fails with an event that says so, and the invocation is none that failed', async () => {
      const body = { question: QUESTION, collection: 'none', stream: true };
      const { status, pieces, invocation } = await ask({ path: '/v1/query', body });
      expect(status).toBe(200);
      const events: ServerSentEvent[] = [];
      for await (const event of eventsIn(pieces)) events.push(event);
      expect(events).toEqual([
        { event: 'error', data: expect.objectContaining({ code: 'collection_not_found', status: 404 }) },
      ]);
      expect(invocation).toMatchObject({ failed: false });
      expect(invocation.trailers()).toEqual({});
    });

    it('ends an answer that takes too long with an event that says so, after the words that were sent', async () => {
      const question = `${QUESTION} Tell a story of it that is as long as can be, and never ends.`;
      const body = { question, stream: true, max_tokens: 2048, temperature: 2, seed: 7 };
      const { pieces, invocation } = await ask({ path: '/v1/query', body });
      const events: ServerSentEvent[] = [];
      for await (const event of eventsIn(pieces)) events.push(event);
      expect(events[0]!.event).toBe('text');
      expect(events.at(-1)).toEqual({
        event: 'error',
        data: expect.objectContaining({ code: 'request_timeout', status: 504 }),
      });
      expect(invocation.trailers()).toEqual({});
    });

    it('refuses with problem+json', async () => {
      const { status, headers, pieces } = await ask({ path: '/nothing' });
      expect(status).toBe(404);
      expect(headers['content-type']).toBe('application/problem+json');
      expect(JSON.parse(await textOf(pieces))).toMatchObject({ code: 'not_found', status: 404 });
      const stranger = await ask({ path: '/v1/stats', key: 'brk_wrong' });
      expect(stranger.status).toBe(401);
      expect(stranger.headers['www-authenticate']).toContain('Bearer');
      await textOf(stranger.pieces);
    });

    it.each([
      ['a GET with a body', { method: 'GET', path: '/healthz', body: { a: 1 } }, 200],
      ['a HEAD', { method: 'HEAD', path: '/healthz' }, 200],
      ['a method that HTTP has no request for', { method: 'TRACE', path: '/healthz' }, 400],
      ['a header that HTTP does not allow', { path: '/healthz', headers: { 'x-odd': 'a\u0000b' } }, 400],
      ['a host that is none', { path: '/healthz', host: 'no host' }, 400],
    ])(
      'answers %s well-formed',
      async (_, { host, ...request }: GatewayRequest & { host?: string }, expected) => {
        const event = gatewayEvent({ key, ...request });
        if (host !== undefined) event.requestContext.domainName = host;
        const invocation = await lambda.invoke(event);
        const { status, headers, pieces } = await streamedResponse(invocation);
        const text = await textOf(pieces);
        expect(status).toBe(expected);
        if (expected === 400) {
          expect(headers['content-type']).toBe('application/problem+json');
          expect(JSON.parse(text)).toMatchObject({ code: 'invalid_request', status: 400 });
        }
        expect(invocation.trailers()).toEqual({});
      },
    );

    it('goes on after all that', async () => {
      const { pieces } = await ask({
        path: '/v1/query',
        body: { question: QUESTION, max_tokens: 8, top_k: 2 },
      });
      expect((JSON.parse(await textOf(pieces)) as AnswerView).answer).toContain('lighthouse');
      // Nothing went wrong on our side but the answer that took too long.
      const errors = lambda.log().match(/^\{"level":50.*$/gm) ?? [];
      expect(errors).toEqual([expect.stringContaining('"request_timeout"')]);
      expect(lambda.log()).toMatch(/"first_token_ms":\d/);
    });
  });

  describe('buffered', () => {
    let lambda: LambdaFunction;
    beforeAll(async () => {
      lambda = await start({ BLOCKRAG_TRANSFER: 'BUFFERED' });
    });
    afterAll(() => lambda?.stop());

    const ask = async (request: GatewayRequest) =>
      bufferedResponse(await lambda.invoke(gatewayEvent({ key, ...request })));

    it('answers in one piece', async () => {
      const body = { question: QUESTION, max_tokens: 24, top_k: 2, temperature: 0 };
      const { status, text } = await ask({ path: '/v1/query', body });
      expect(status).toBe(200);
      expect((JSON.parse(text) as AnswerView).citations[0]!.text).toContain('Morag Sinclair');
      const streamed = await ask({ path: '/v1/query', body: { ...body, stream: true } });
      expect(streamed.headers['content-type']).toBe('text/event-stream');
      expect(streamed.text).toMatch(/^event: text\n/);
      expect(streamed.text).toMatch(/\n\nevent: done\ndata: \{.*\}\n\n$/);
    });

    it('refuses with problem+json', async () => {
      const { status, headers, text } = await ask({ path: '/nothing' });
      expect(status).toBe(404);
      expect(headers['content-type']).toBe('application/problem+json');
      expect(JSON.parse(text)).toMatchObject({ code: 'not_found' });
    });

    it('answers a request that is none', async () => {
      expect(await ask({ method: 'GET', path: '/healthz', body: {} })).toMatchObject({ status: 200 });
      expect(await ask({ method: 'TRACE', path: '/healthz' })).toMatchObject({ status: 400 });
    });
  });

  it('that cannot start says why', async () => {
    const lambda = await start({ BLOCKRAG_TABLE: '' });
    await expect(lambda.invoke(gatewayEvent({ path: '/healthz' }))).rejects.toThrow(
      /The option table is wrong/,
    );
    await lambda.stop();
  });
});
