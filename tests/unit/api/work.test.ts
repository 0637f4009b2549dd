import type { Context } from 'hono';
import { describe, expect, it } from 'vitest';
import type { ApiEnv } from '../../../shared/api/context.ts';
import { streamText, workRunner } from '../../../shared/api/work.ts';
import { BlockragError } from '../../../shared/errors.ts';

/** A request whose client may leave. */
const requestOf = (signal: AbortSignal) => ({ get: () => ({ signal }) }) as unknown as Context<ApiEnv>;
const forever = new AbortController().signal;
/** Work that only ends with its signal. */
const endless = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const end = () => reject(new BlockragError('cancelled', 'It was cancelled.'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });

describe('workRunner', () => {
  it('gives what the work gives, and throws what it throws', async () => {
    const run = workRunner({ timeoutMs: 60_000, stopping: forever });
    expect(await run(requestOf(forever), async () => 7)).toBe(7);
    const failing = run(requestOf(forever), async () => {
      throw new BlockragError('overloaded', 'Too much.');
    });
    await expect(failing).rejects.toMatchObject({ code: 'overloaded' });
  });

  it('tells why the work was ended', async () => {
    const late = workRunner({ timeoutMs: 1, stopping: forever });
    await expect(late(requestOf(forever), endless)).rejects.toMatchObject({ code: 'request_timeout' });
    const stopped = workRunner({ timeoutMs: 60_000, stopping: AbortSignal.abort() });
    await expect(stopped(requestOf(forever), endless)).rejects.toMatchObject({ code: 'shutting_down' });
    const left = workRunner({ timeoutMs: 60_000, stopping: forever });
    await expect(left(requestOf(AbortSignal.abort('gone')), endless)).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});

describe('streamText', () => {
  const read = async <T>(stream: AsyncGenerator<string, T, undefined>) => {
    const pieces: string[] = [];
    let next = await stream.next();
    for (; !next.done; next = await stream.next()) pieces.push(next.value);
    return { pieces, value: next.value };
  };

  it('gives each piece once, whenever it comes, then the value', async () => {
    const stream = streamText(async (onText) => {
      onText('a');
      onText('b');
      await new Promise((resolve) => setTimeout(resolve, 5));
      onText('c');
      await Promise.resolve();
      onText('d');
      return 'all';
    });
    expect(await read(stream)).toEqual({ pieces: ['a', 'b', 'c', 'd'], value: 'all' });
  });

  it('gives what came before an error, then throws it', async () => {
    const stream = streamText(async (onText) => {
      onText('a');
      throw new BlockragError('worker_died', 'It died.');
    });
    expect((await stream.next()).value).toBe('a');
    await expect(stream.next()).rejects.toMatchObject({ code: 'worker_died' });
  });
});
