import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { lambdaHandler } from '../../../../functions/query/lambda.ts';
import { gatewayEvent } from '../../../support/aws/gateway.ts';

const app = new Hono().all('*', (c) => c.text(new URL(c.req.url).pathname));
const pathOf = async (basePath: string, path: string) => {
  const handler = lambdaHandler(app as never, { streams: false, basePath });
  const { body } = (await handler(gatewayEvent({ path }) as never)) as { body: string };
  return body;
};

it('says when a request was answered whole', async () => {
  const events: string[] = [];
  const slow = new Hono().all('*', async (c) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    events.push('answered');
    return c.text('');
  });
  const ended = async () => void events.push('ended');
  await lambdaHandler(slow as never, { streams: false, ended })(gatewayEvent({ path: '/' }) as never);
  expect(events).toEqual(['answered', 'ended']);
});

it.each([
  ['rag', '/rag/v1/query', '/v1/query'],
  ['rag', '/rag', '/'],
  ['rag', '/rag/', '/'],
  ['rag', '/v1/query', '/v1/query'],
  ['rag', '/ragtime/v1', '/ragtime/v1'],
  ['rag', '/rag/v1/documents/a%20b', '/v1/documents/a%20b'],
  ['', '/rag/v1/query', '/rag/v1/query'],
])('with the base path "%s" %s is %s', async (basePath, path, expected) => {
  expect(await pathOf(basePath, path)).toBe(expected);
});
