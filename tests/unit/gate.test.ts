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
