import { expect, test } from 'vitest';
import { Gate } from '../../shared/gate.ts';

/** Work that ends when told to. */
function controlled() {
  let end!: () => void;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { end, work: () => ended };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('lets in as many as there are places, the rest in the order they came', async () => {
  const gate = new Gate(2);
  const entered: number[] = [];
  const jobs = [0, 1, 2, 3].map(() => controlled());
  const runs = jobs.map(({ work }, i) =>
    gate.run(() => {
      entered.push(i);
      return work();
    }),
  );
  await settle();
  expect(entered).toEqual([0, 1]);
  jobs[1]!.end();
  await settle();
  expect(entered).toEqual([0, 1, 2]);
  for (const { end } of jobs) end();
  await Promise.all(runs);
  expect(entered).toEqual([0, 1, 2, 3]);
});

test('whoever is cancelled while waiting leaves the queue, and whoever fails gives up the place', async () => {
  const gate = new Gate(1);
  const first = controlled();
  const running = gate.run(first.work);
  const abort = new AbortController();
  const waiting = gate.run(async () => 'never', abort.signal);
  const last = gate.run(async () => 'last');
  abort.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  first.end();
  await running;
  expect(await last).toBe('last');
  await expect(gate.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await gate.run(async () => 'free')).toBe('free');
  await expect(gate.run(async () => 'late', AbortSignal.abort())).rejects.toMatchObject({
    code: 'cancelled',
  });
});

test('lets those who wait in by turns, so that many of one group do not keep out one of another', async () => {
  const gate = new Gate(1);
  const first = controlled();
  const entered: string[] = [];
  const run = (group: string) =>
    gate.run(
      async () => {
        entered.push(group);
      },
      undefined,
      group,
    );
  const running = gate.run(first.work, undefined, 'many');
  const all = [...Array.from({ length: 5 }, () => run('many')), run('one'), run('two')];
  first.end();
  await Promise.all([running, ...all]);
  expect(entered).toEqual(['many', 'one', 'two', 'many', 'many', 'many', 'many']);
});

test('has places beyond for groups of which nobody is inside', async () => {
  const gate = new Gate(2, { newcomers: 2 });
  const entered: string[] = [];
  const jobs = ['many', 'many', 'many', 'one', 'one', 'two', 'three'].map((group, i) => {
    const { end, work } = controlled();
    const name = `${group} ${i}`;
    const ended = gate.run(
      () => {
        entered.push(name);
        return work();
      },
      undefined,
      group,
    );
    return { end, ended };
  });
  await settle();
  expect(entered).toEqual(['many 0', 'many 1', 'one 3', 'two 5']);
  // Whoever has none inside comes first, wherever it stands.
  jobs[0]!.end();
  await settle();
  expect(entered.slice(4)).toEqual(['three 6']);
  // The places beyond are not for those who have one already.
  jobs[1]!.end();
  await settle();
  expect(entered.slice(5)).toEqual(['many 2']);
  jobs[3]!.end();
  await settle();
  expect(entered.slice(6)).toEqual(['one 4']);
  for (const { end } of jobs) end();
  await Promise.all(jobs.map(({ ended }) => ended));
  expect(gate.idle).toBe(true);
});
