/** What every driver of the WorkQueue port does. */
import assert from 'node:assert/strict';
import type { Lease, WorkQueue } from '../ports.ts';
import { assertFields, type ContractCase, casesOn } from './case.ts';

/** A queue that is empty when it is opened, and gives an item up after 3 attempts. */
export interface OpenedWorkQueue {
  queue: WorkQueue;
  /** Removes what the queue was kept in, after it was closed. */
  close?: () => Promise<void>;
}

/**
 * The contract of a WorkQueue. Each case opens a queue of its own and closes it; some wait for leases to run out,
 * up to half a minute.
 *
 * @example
 * for (const { name, run } of workQueueContract(open)) test(name, run);
 */
export function workQueueContract(open: () => Promise<OpenedWorkQueue>): ContractCase[] {
  return casesOn(open, closed, CASES);
}

async function closed({ queue, close }: OpenedWorkQueue): Promise<void> {
  await queue.close();
  await close?.();
}

const LONG = { leaseMs: 60_000, waitMs: 20_000 };
const NOW = { leaseMs: 60_000, waitMs: 0 };
const item = (id: string) => ({ id, body: { name: id } });

async function take(queue: WorkQueue, options: { leaseMs: number; waitMs: number } = LONG): Promise<Lease> {
  const [lease] = await queue.receive({ max: 1, ...options });
  return lease!;
}

const CASES: Record<string, (opened: OpenedWorkQueue) => Promise<void>> = {
  'delivers the oldest first, each with its body': async ({ queue }) => {
    await queue.send(['c', 'a'].map(item));
    await queue.send([item('b')]);
    const leases = await queue.receive({ max: 2, ...LONG });
    assert.deepEqual(
      leases.map(({ id, body, attempt }) => ({ id, body, attempt })),
      [
        { id: 'c', body: { name: 'c' }, attempt: 1 },
        { id: 'a', body: { name: 'a' }, attempt: 1 },
      ],
    );
    assert.equal((await take(queue)).id, 'b');
    assert.deepEqual(await queue.receive({ max: 1, ...NOW }), []);
  },

  'lets groups take turns, the oldest first within each': async ({ queue }) => {
    const many = Array.from({ length: 60 }, (_, i) => ({ ...item(`many ${i}`), group: 'many' }));
    await queue.send(many.slice(0, 50));
    await queue.send(['x', 'y'].map((id) => ({ ...item(id), group: 'few' })));
    await queue.send([...many.slice(50), { ...item('z'), group: 'one' }]);
    const order: string[] = [];
    while (order.length < 63) {
      const { id, receipt } = await take(queue);
      order.push(id);
      // Some stay in hand: they keep nobody's turn.
      if (order.length % 3 > 0) assert.equal(await queue.done(receipt), true);
    }
    for (const [id, before] of [
      ['x', 3],
      ['y', 6],
      ['z', 3],
    ] as const) {
      assert.ok(order.indexOf(id) < before, `${id} came as number ${order.indexOf(id)}`);
    }
    const ofMany = order.filter((id) => id.startsWith('many'));
    assert.deepEqual(
      ofMany,
      many.map(({ id }) => id),
    );
  },

  'gives several at once to several groups': async ({ queue }) => {
    const of = (group: string) => ['1', '2', '3'].map((n) => ({ ...item(`${group} ${n}`), group }));
    await queue.send(['a', 'b', 'c'].flatMap(of));
    const ids = async (max: number) => (await queue.receive({ max, ...LONG })).map(({ id }) => id).sort();
    assert.deepEqual(await ids(3), ['a 1', 'b 1', 'c 1']);
    assert.deepEqual(await ids(6), ['a 2', 'a 3', 'b 2', 'b 3', 'c 2', 'c 3']);
  },

  'delivers an item without a group after what was waiting when it was sent, and before what came later':
    async ({ queue }) => {
      await queue.send(['a', 'b'].map((id) => ({ ...item(id), group: 'one' })));
      await queue.send([item('last')]);
      await queue.send([{ ...item('c'), group: 'one' }]);
      const leases = [await take(queue), await take(queue), await take(queue), await take(queue)];
      assert.deepEqual(
        leases.map(({ id }) => id),
        ['a', 'b', 'last', 'c'],
      );
    },

  'keeps the group of an item that is given back, and knows an id whatever its group': async ({ queue }) => {
    await queue.send([{ ...item('a'), group: 'one' }]);
    await queue.send([{ ...item('a'), group: 'other' }, item('a')]);
    const first = await take(queue);
    assert.equal(await queue.extend(first.receipt, 60_000), true);
    assert.equal(await queue.retry(first.receipt, { delayMs: 0, error: 'busy' }), true);
    const second = await take(queue);
    assertFields(second, { id: 'a', attempt: 2 });
    assert.equal(await queue.release(second.receipt), true);
    assert.equal(await queue.done((await take(queue)).receipt), true);
    assert.deepEqual(await queue.counts(), { waiting: 0, leased: 0, dead: 0 });
  },

  'counts its backlog, in hand or not, no further than asked': async ({ queue }) => {
    assert.equal(await queue.backlog(5), 0);
    await queue.send([...['a', 'b', 'c'].map(item), { ...item('d'), group: 'one' }]);
    const lease = await take(queue);
    assert.equal(await queue.backlog(5), 4);
    assert.equal(await queue.backlog(2), 2);
    await queue.done(lease.receipt);
    assert.equal(await queue.backlog(5), 3);
  },

  'counts what waits, what is in hand, and forgets what is done': async ({ queue }) => {
    assert.deepEqual(await queue.counts(), { waiting: 0, leased: 0, dead: 0 });
    await queue.send(['a', 'b', 'c'].map(item));
    const lease = await take(queue);
    assert.deepEqual(await queue.counts(), { waiting: 2, leased: 1, dead: 0 });
    assert.equal(await queue.done(lease.receipt), true);
    assert.deepEqual(await queue.counts(), { waiting: 2, leased: 0, dead: 0 });
    assert.equal(await queue.done(lease.receipt), false);
  },

  'does not add an id that waits or is in hand': async ({ queue }) => {
    await queue.send([item('a'), { id: 'a', body: { name: 'second' } }]);
    await queue.send([item('a')]);
    const lease = await take(queue);
    await queue.send([item('a')]);
    assert.deepEqual(lease.body, { name: 'a' });
    assert.deepEqual(await queue.receive({ max: 9, ...NOW }), []);
    await queue.done(lease.receipt);
    await queue.send([item('a')]);
    assertFields(await take(queue), { id: 'a', attempt: 1 });
  },

  'adds an id once when 20 send it at the same time': async ({ queue }) => {
    await Promise.all(Array.from({ length: 20 }, () => queue.send([item('a')])));
    assert.deepEqual(await queue.counts(), { waiting: 1, leased: 0, dead: 0 });
  },

  'delivers again when a lease has run out, and refuses the old receipt': async ({ queue }) => {
    await queue.send([item('a')]);
    const first = await take(queue, { leaseMs: 1000, waitMs: 20_000 });
    const second = await take(queue);
    assertFields(second, { id: 'a', attempt: 2 });
    assert.equal(await queue.done(first.receipt), false);
    assert.equal(await queue.extend(first.receipt, 1000), false);
    assert.equal(await queue.retry(first.receipt, { delayMs: 0, error: 'late' }), false);
    assert.deepEqual(await queue.counts(), { waiting: 0, leased: 1, dead: 0 });
    assert.equal(await queue.done(second.receipt), true);
  },

  'keeps an item in hand while its lease is extended': async ({ queue }) => {
    await queue.send([item('a')]);
    const lease = await take(queue, { leaseMs: 2000, waitMs: 20_000 });
    assert.equal(await queue.extend(lease.receipt, 60_000), true);
    assert.deepEqual(await queue.receive({ max: 1, leaseMs: 1000, waitMs: 3000 }), []);
    assert.equal(await queue.done(lease.receipt), true);
  },

  'delivers an item given back only after its delay': async ({ queue }) => {
    await queue.send([item('a')]);
    const lease = await take(queue);
    assert.equal(await queue.retry(lease.receipt, { delayMs: 1500, error: 'busy' }), true);
    assert.deepEqual(await queue.receive({ max: 1, ...NOW }), []);
    assert.deepEqual(await queue.counts(), { waiting: 1, leased: 0, dead: 0 });
    assertFields(await take(queue), { id: 'a', attempt: 2 });
  },

  'delivers an item given back without delay at once, before younger ones': async ({ queue }) => {
    await queue.send(['a', 'b'].map(item));
    await queue.retry((await take(queue)).receipt, { delayMs: 0, error: 'busy' });
    assertFields(await take(queue), { id: 'a', attempt: 2 });
  },

  'sets an item aside after its last attempt, with the last error': async ({ queue }) => {
    await queue.send(['bad', 'good'].map(item));
    for (const attempt of [1, 2, 3]) {
      const lease = await take(queue);
      assertFields(lease, { id: 'bad', attempt });
      assert.equal(await queue.retry(lease.receipt, { delayMs: 0, error: `failure ${attempt}` }), true);
    }
    assert.deepEqual(await queue.dead(), [{ id: 'bad', body: { name: 'bad' }, error: 'failure 3' }]);
    assert.deepEqual(await queue.counts(), { waiting: 1, leased: 0, dead: 1 });
    assert.equal((await take(queue)).id, 'good');
  },

  'does not count a delivery that is given back untouched': async ({ queue }) => {
    await queue.send(['a', 'b'].map(item));
    for (let i = 0; i < 5; i++) {
      const lease = await take(queue);
      assertFields(lease, { id: 'a', attempt: 1 });
      assert.equal(await queue.release(lease.receipt), true);
    }
    const lease = await take(queue);
    assert.equal(await queue.done(lease.receipt), true);
    assert.equal(await queue.release(lease.receipt), false);
  },

  'forgets a dead item when told to, and no other': async ({ queue }) => {
    await queue.send(['bad', 'good'].map(item));
    for (let attempt = 1; attempt <= 3; attempt++) {
      await queue.retry((await take(queue)).receipt, { delayMs: 0, error: 'failure' });
    }
    assert.equal(await queue.discard('good'), false);
    assert.equal(await queue.discard('bad'), true);
    assert.equal(await queue.discard('bad'), false);
    assert.deepEqual(await queue.counts(), { waiting: 1, leased: 0, dead: 0 });
  },

  'says of an item whose lease ran out that it did, until its next delivery is ended': async ({ queue }) => {
    await queue.send([item('a')]);
    assert.equal((await take(queue, { leaseMs: 1000, waitMs: 20_000 })).ranOut, false);
    const second = await take(queue, { leaseMs: 60_000, waitMs: 20_000 });
    assertFields(second, { attempt: 2, ranOut: true });
    await queue.release(second.receipt);
    const third = await take(queue);
    assertFields(third, { attempt: 2, ranOut: true });
    await queue.retry(third.receipt, { delayMs: 0, error: 'busy' });
    assertFields(await take(queue), { attempt: 3, ranOut: false });
  },

  'sets an item aside whose leases keep running out': async ({ queue }) => {
    await queue.send([item('bad')]);
    for (const attempt of [1, 2, 3]) {
      assertFields(await take(queue, { leaseMs: 1000, waitMs: 20_000 }), { id: 'bad', attempt });
    }
    assert.deepEqual(await queue.receive({ max: 1, leaseMs: 1000, waitMs: 3000 }), []);
    assert.deepEqual(await queue.counts(), { waiting: 0, leased: 0, dead: 1 });
    const [dead, ...others] = await queue.dead();
    assert.deepEqual(others, []);
    assertFields(dead, { id: 'bad' });
    assert.match(dead!.error, /./);
  },

  'wakes a waiting consumer when work arrives': async ({ queue }) => {
    const waiting = take(queue);
    await queue.send([item('a')]);
    assert.equal((await waiting).id, 'a');
  },

  'resolves with nothing on an abort, and leaves the work to others': async ({ queue }) => {
    const controller = new AbortController();
    const waiting = queue.receive({ max: 1, ...LONG, signal: controller.signal });
    controller.abort();
    assert.deepEqual(await waiting, []);
    await queue.send([item('a')]);
    assert.deepEqual(await queue.receive({ max: 1, ...LONG, signal: controller.signal }), []);
    assertFields(await take(queue), { id: 'a', attempt: 1 });
  },

  'gives each of 200 items to one of 4 consumers': async ({ queue }) => {
    const ids = Array.from({ length: 200 }, (_, i) => `item ${i}`);
    await queue.send(ids.map(item));
    const done: string[] = [];
    const consume = async () => {
      for (;;) {
        const leases = await queue.receive({ max: 7, ...NOW });
        if (leases.length === 0) return;
        for (const { id, receipt } of leases) {
          assert.equal(await queue.done(receipt), true);
          done.push(id);
        }
      }
    };
    await Promise.all([consume(), consume(), consume(), consume()]);
    assert.deepEqual(done.sort(), ids.sort());
    assert.deepEqual(await queue.counts(), { waiting: 0, leased: 0, dead: 0 });
  },
};
