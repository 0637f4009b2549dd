import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { BlockragError } from '../../shared/errors.ts';
import { LazyThread, Thread } from '../../shared/threads.ts';
import type { TestMethods } from '../support/children/thread-methods.ts';

const MODULE = new URL('../support/children/thread-methods.ts', import.meta.url);
const threads: Thread<TestMethods>[] = [];
function start(): Thread<TestMethods> {
  const thread = new Thread<TestMethods>(MODULE);
  threads.push(thread);
  return thread;
}
afterEach(() => Promise.all(threads.splice(0).map((thread) => thread.dispose())));

describe('a Thread', () => {
  it('gives each of several calls its own result', async () => {
    const thread = start();
    const results = await Promise.all([1, 2, 3].map((n) => thread.call('double', n)));
    expect(results).toEqual([2, 4, 6]);
  });

  it('gives the events of a call in order, the last before the result', async () => {
    const events: number[] = [];
    const call = start().call('count', 100, { onEvent: (n) => events.push(n) });
    expect(await call.then((result) => [result, events.length])).toEqual(['counted', 100]);
    expect(events).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });

  it('rejects with what the handler threw: code, message and facts', async () => {
    const thread = start();
    await expect(thread.call('refuse', { ours: true })).rejects.toMatchObject({
      name: 'BlockragError',
      code: 'conflict',
      message: 'Changed meanwhile.',
      data: { index: 1 },
      stack: expect.stringContaining('thread-methods.ts'),
    });
    await expect(thread.call('refuse', { ours: false })).rejects.toMatchObject({
      code: 'internal',
      message: 'out of range',
    });
    expect(await thread.call('double', 1)).toBe(2);
  });

  it('cancels one call and goes on with the others', async () => {
    const thread = start();
    const abort = new AbortController();
    const cancelled = thread.call('wait', undefined, { signal: abort.signal });
    const other = thread.call('double', 4);
    abort.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect(await other).toBe(8);
  });

  it('refuses a call whose signal is aborted already', async () => {
    const call = start().call('double', 1, { signal: AbortSignal.abort() });
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('moves buffers there and back instead of copying them', async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const events: Uint8Array[] = [];
    const call = start().call('reverse', bytes, {
      transfer: [bytes.buffer],
      onEvent: (event) => events.push(event),
    });
    expect(bytes.byteLength).toBe(0);
    expect(await call).toEqual(Uint8Array.of(3, 2, 1));
    expect(events).toEqual([Uint8Array.of(1, 2, 3)]);
  });

  it('that dies rejects what is under way and what comes later', async () => {
    const thread = start();
    const waiting = thread.call('wait', undefined);
    const dying = thread.call('die', undefined);
    await expect(dying).rejects.toMatchObject({ code: 'worker_died', message: expect.stringContaining('3') });
    await expect(waiting).rejects.toMatchObject({ code: 'worker_died' });
    expect(thread.alive).toBe(false);
    await expect(thread.call('double', 1)).rejects.toMatchObject({ code: 'worker_died' });
  });

  it('that is closed rejects what is under way', async () => {
    const thread = start();
    const waiting = thread.call('wait', undefined);
    const rejected = expect(waiting).rejects.toMatchObject({ code: 'worker_died' });
    await thread.dispose();
    await rejected;
  });

  it('whose module cannot be loaded is dead', async () => {
    const thread = new Thread<TestMethods>(new URL('./nothing-here.ts', import.meta.url));
    await expect(thread.call('double', 1)).rejects.toMatchObject({ code: 'worker_died' });
    expect(thread.alive).toBe(false);
  });

  it('keeps the process alive while a call or its closing is under way', () => {
    const script = `
      import { Thread } from ${JSON.stringify(new URL('../../shared/threads.ts', import.meta.url).href)};
      const thread = new Thread(new URL(${JSON.stringify(MODULE.href)}));
      console.log(await thread.call('double', 21));
      await new Promise((resolve) => {
        thread.call('block', undefined, { onEvent: resolve }).catch(({ code }) => console.log(code));
      });
      await thread.dispose();
      console.log('closed');`;
    const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', script];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(stdout.split('\n').filter(Boolean), stderr).toEqual(['42', 'worker_died', 'closed']);
    expect(status).toBe(0);
  });
});

describe('a LazyThread', () => {
  it('is one thread for all calls, a new one after it has died, and none after its end', async () => {
    const started: Thread<TestMethods>[] = [];
    const closed = () => new BlockragError('shutting_down', 'It is closed.');
    const lazy = new LazyThread<TestMethods>(() => {
      started.push(start());
      return started.at(-1)!;
    }, closed);
    expect(started).toEqual([]);
    expect(await Promise.all([1, 2].map((n) => lazy.alive().call('double', n)))).toEqual([2, 4]);
    expect(started).toHaveLength(1);
    await expect(lazy.alive().call('die', undefined)).rejects.toMatchObject({ code: 'worker_died' });
    expect(await lazy.alive().call('double', 3)).toBe(6);
    expect(started).toHaveLength(2);
    await lazy.dispose();
    expect(started[1]!.alive).toBe(false);
    expect(() => lazy.alive()).toThrow(expect.objectContaining({ code: 'shutting_down' }));
  });

  it('ends after what it loads, since a thread in the middle of that may take the process with it', async () => {
    const lazy = new LazyThread<TestMethods>(
      start,
      () => new BlockragError('shutting_down', 'It is closed.'),
    );
    const loading = lazy.load(() => lazy.alive().call('block', undefined));
    const later = expect(loading).resolves.toBeUndefined();
    await lazy.dispose();
    await later;
    await expect(lazy.load(() => Promise.resolve())).rejects.toMatchObject({ code: 'shutting_down' });
  });
});
