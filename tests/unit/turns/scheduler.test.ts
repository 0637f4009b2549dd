import { describe, expect, test } from 'vitest';
import { BlockragError } from '../../../shared/errors.ts';
import { type Priority, Scheduler } from '../../../shared/turns/scheduler.ts';
import { drain, type Steps } from '../../../shared/turns/steps.ts';

const NEVER = new AbortController().signal;

/** A job of some steps that writes its name into the log at each; its result is its name. */
async function* job(
  name: string,
  steps: number,
  log: string[],
  onStep?: (step: number) => void,
): Steps<string> {
  for (let step = 1; step <= steps; step++) {
    log.push(name);
    onStep?.(step);
    if (step < steps) yield;
  }
  return name;
}

/** A clock by which each step takes so long. */
function clock(ms: number): () => number {
  let calls = 0;
  return () => calls++ * ms;
}

/** Starts jobs at once, behind one that is under way; gives the order of their steps. */
async function order(
  jobs: (readonly [name: string, priority: Priority, steps: number, tenant?: string])[],
): Promise<string[]> {
  const log: string[] = [];
  const scheduler = new Scheduler(clock(1000));
  await Promise.all(
    jobs.map(([name, priority, steps, tenant]) =>
      scheduler.run(priority, job(name, steps, log), NEVER, tenant),
    ),
  );
  return log;
}

describe('scheduler', () => {
  test('gives each job its own result', async () => {
    const scheduler = new Scheduler();
    const run = (name: string) => scheduler.run('question', job(name, 3, []), NEVER);
    expect(await Promise.all([run('a'), run('b')])).toEqual(['a', 'b']);
  });

  test('gives a waiting job no turn until what it waits for has settled, well or not', async () => {
    const log: string[] = [];
    const scheduler = new Scheduler();
    let settle = () => {};
    const awaited = new Promise<void>((_, reject) => {
      settle = () => reject(new Error('its own business'));
    });
    async function* waiting(): Steps<string> {
      log.push('w');
      yield { until: awaited };
      log.push('w');
      return 'waited';
    }
    const waiter = scheduler.run('question', waiting(), NEVER);
    await scheduler.run('question', job('a', 3, log), NEVER);
    settle();
    expect(await waiter).toBe('waited');
    expect(log.join('')).toBe('waaaw');
  });

  test('takes turns between questions, one step each', async () => {
    const log = await order([
      ['a', 'question', 3],
      ['b', 'question', 3],
      ['c', 'question', 1],
    ]);
    expect(log.join('')).toBe('abcabab');
  });

  test('says how many jobs of a kind have not ended', async () => {
    const log: string[] = [];
    const scheduler = new Scheduler();
    const seen: number[] = [];
    const watch = () => void seen.push(scheduler.open('question'));
    const encode = scheduler.run('encode', job('e', 2, log), NEVER);
    const short = scheduler.run('question', job('a', 1, log, watch), NEVER);
    const long = scheduler.run('question', job('b', 3, log, watch), NEVER);
    await Promise.all([short, long, encode]);
    expect(seen).toEqual([2, 1, 1, 1]);
    expect(scheduler.open('question')).toBe(0);
  });

  test('finishes questions before encoding goes on', async () => {
    const log = await order([
      ['e', 'encode', 4],
      ['q', 'question', 5],
    ]);
    // The encoding was alone when it came, and had its first step.
    expect(log.join('')).toBe('eqqqqqeee');
  });

  test('gives a fifth of the time to encoding while one tenant asks', async () => {
    const log = await order([
      ['q', 'question', 100],
      ['e', 'encode', 100],
    ]);
    const whileBusy = log.slice(0, log.lastIndexOf('q'));
    const encodes = whileBusy.filter((name) => name === 'e').length;
    expect(Math.abs(encodes - whileBusy.length / 5)).toBeLessThan(2);
    expect(log).toHaveLength(200);
  });

  test('gives each tenant as much time, however many questions one has', async () => {
    const log = await order([
      ...Array.from({ length: 10 }, () => ['a', 'question', 10, 'many'] as const),
      ['b', 'question', 20, 'few'],
    ]);
    const whileBoth = log.slice(0, log.lastIndexOf('b'));
    expect(whileBoth.filter((name) => name === 'a').length).toBeLessThanOrEqual(20);
  });

  test('lets a tenant that had nothing lately go first, for a while', async () => {
    const log: string[] = [];
    const scheduler = new Scheduler(clock(1000));
    let late: Promise<string> | undefined;
    const come = (step: number) => {
      if (step === 20) late = scheduler.run('question', job('b', 10, log), NEVER, 'few');
    };
    const long = scheduler.run('question', job('a', 40, log, come), NEVER, 'many');
    const encode = scheduler.run('encode', job('e', 40, log), NEVER, 'many');
    await long;
    await late;
    await encode;
    const from = log.indexOf('b');
    expect(log.slice(from, from + 5).join('')).toBe('bbbbb');
    // Then they are even.
    const both = log.slice(from + 5, log.lastIndexOf('b'));
    expect(both.filter((name) => name === 'a').length).toBeGreaterThanOrEqual(3);
  });

  test('lets tenants take turns at encoding', async () => {
    const log = await order([
      ...Array.from({ length: 10 }, () => ['a', 'encode', 10, 'many'] as const),
      ['b', 'encode', 10, 'few'],
    ]);
    expect(log.slice(0, 20).filter((name) => name === 'b')).toHaveLength(10);
  });

  test('does not begin to encode before a question that was there first has its first token', async () => {
    const log: string[] = [];
    let late: Promise<string> | undefined;
    // Each step takes a millisecond.
    const scheduler = new Scheduler(clock(1));
    const come = (step: number) => {
      if (step === 2) late = scheduler.run('encode', job('e', 2, log), NEVER);
    };
    await scheduler.run('question', job('q', 500, log, come), NEVER);
    await late;
    expect(log.slice(-2)).toEqual(['e', 'e']);
    expect(log.indexOf('e')).toBe(500);
  });

  test('does not begin to encode while a question is about to get its blobs', async () => {
    const log: string[] = [];
    const scheduler = new Scheduler();
    async function* waiting(): Steps<void> {
      log.push('w');
      yield { until: new Promise((resolve) => setTimeout(resolve, 1)) };
      log.push('w');
    }
    const asked = scheduler.run('question', waiting(), NEVER);
    await scheduler.run('encode', job('e', 3, log), NEVER);
    await asked;
    expect(log.join('')).toBe('wweee');
  });

  test('a job that comes later gets its turn without waiting for the end of another', async () => {
    const log: string[] = [];
    const scheduler = new Scheduler();
    let late: Promise<string> | undefined;
    const long = scheduler.run(
      'encode',
      job('long', 20, log, (step) => {
        if (step === 5) late = scheduler.run('question', job('late', 2, log), NEVER);
      }),
      NEVER,
    );
    await long;
    await late;
    expect(log.slice(4, 8)).toEqual(['long', 'late', 'late', 'long']);
  });

  test('cancels between two steps and lets the job clean up', async () => {
    const log: string[] = [];
    let cleaned = false;
    async function* cleaning(): Steps<string> {
      try {
        return yield* job('a', 10, log, (step) => step === 3 && controller.abort());
      } finally {
        cleaned = true;
      }
    }
    const controller = new AbortController();
    const scheduler = new Scheduler();
    const cancelled = scheduler.run('question', cleaning(), controller.signal);
    const other = scheduler.run('question', job('b', 5, log), NEVER);
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect(cleaned).toBe(true);
    expect(await other).toBe('b');
    expect(log.filter((name) => name === 'a')).toHaveLength(3);
  });

  test('a job cancelled before its first step never starts', async () => {
    const log: string[] = [];
    const run = new Scheduler().run('question', job('a', 2, log), AbortSignal.abort());
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
    expect(log).toEqual([]);
  });

  test('an error of one job reaches its owner and no other job', async () => {
    const failure = new BlockragError('internal', 'broken');
    async function* failing(): Steps<string> {
      yield;
      throw failure;
    }
    const scheduler = new Scheduler();
    const failed = scheduler.run('question', failing(), NEVER);
    const good = scheduler.run('question', job('good', 4, []), NEVER);
    await expect(failed).rejects.toBe(failure);
    expect(await good).toBe('good');
    expect(await scheduler.run('encode', job('later', 1, []), NEVER)).toBe('later');
  });
});

describe('drain', () => {
  test('runs all steps and returns the result', async () => {
    const log: string[] = [];
    expect(await drain(job('a', 3, log))).toBe('a');
    expect(log).toEqual(['a', 'a', 'a']);
  });
});
