import { Hono } from 'hono';
import { afterEach, expect, it, vi } from 'vitest';
import { readBody } from '../../../../shared/api/bodies/read.ts';
import type { ApiEnv } from '../../../../shared/api/context.ts';

afterEach(() => vi.useRealTimers());

const LIMIT = { code: 'request_too_large', bytes: 10 } as const;

/** What reading a body throws. */
async function failureOf(body: ReadableStream<Uint8Array>): Promise<unknown> {
  let thrown: unknown;
  const app = new Hono<ApiEnv>().post('/', async (c) => {
    thrown = await readBody(c, LIMIT).catch((error: unknown) => error);
    return c.body(null);
  });
  await app.request('/', { method: 'POST', body, duplex: 'half' } as RequestInit);
  return thrown;
}

it('a sender that sends nothing for long is not waited for', async () => {
  vi.useFakeTimers();
  const failed = failureOf(new ReadableStream());
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await failed).toMatchObject({ code: 'request_too_slow' });
});

it('a body that becomes too large is not kept', async () => {
  let left = 5;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => (left-- > 0 ? controller.enqueue(new Uint8Array(4)) : controller.close()),
  });
  expect(await failureOf(body)).toMatchObject({ code: 'request_too_large', data: { max: 10 } });
});
