import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Lease, WorkQueue } from '../../shared/storage/ports.ts';

/** A driver under test: empty when opened, with at most 3 attempts; gone when disposed of. */
export interface OpenedWorkQueue {
  queue: WorkQueue;
  dispose(): Promise<void>;
}

const LONG = { leaseMs: 60_000, waitMs: 20_000 };
const NOW = { leaseMs: 60_000, waitMs: 0 };
const item = (id: string) => ({ id, body: { name: id } });

/** What every driver of the WorkQueue port keeps. */
export function describeWorkQueue(name: string, open: () => Promise<OpenedWorkQueue>): void {
  describe(`${name} work queue`, () => {
    let opened: OpenedWorkQueue;
    let queue: WorkQueue;
    const take = async (options: { leaseMs: number; waitMs: number } = LONG): Promise<Lease> => {
      const [lease] = await queue.receive({ max: 1, ...options });
      return lease!;
    };
    beforeEach(async () => {
      opened = await open();
      queue = opened.queue;
    });
    afterEach(async () => {
      await queue.close();
      await opened.dispose();
    });

    it('delivers the oldest first, each with its body', async () => {
      await queue.send(['c', 'a'].map(item));
      await queue.send([item('b')]);
      const leases = await queue.receive({ max: 2, ...LONG });
      expect(leases.map(({ id, body, attempt }) => ({ id, body, attempt }))).toEqual([
        { id: 'c', body: { name: 'c' }, attempt: 1 },
        { id: 'a', body: { name: 'a' }, attempt: 1 },
      ]);
      expect((await take()).id).toBe('b');
      expect(await queue.receive({ max: 1, ...NOW })).toEqual([]);
    });

    it('counts what waits, what is in hand, and forgets what is done', async () => {
      expect(await queue.counts()).toEqual({ waiting: 0, leased: 0, dead: 0 });
      await queue.send(['a', 'b', 'c'].map(item));
      const lease = await take();
      expect(await queue.counts()).toEqual({ waiting: 2, leased: 1, dead: 0 });
      expect(await queue.done(lease.receipt)).toBe(true);
      expect(await queue.counts()).toEqual({ waiting: 2, leased: 0, dead: 0 });
      expect(await queue.done(lease.receipt)).toBe(false);
    });

    it('does not add an id that waits or is in hand', async () => {
      await queue.send([item('a'), { id: 'a', body: { name: 'second' } }]);
      await queue.send([item('a')]);
      const lease = await take();
      await queue.send([item('a')]);
      expect(lease.body).toEqual({ name: 'a' });
      expect(await queue.receive({ max: 9, ...NOW })).toEqual([]);
      await queue.done(lease.receipt);
      await queue.send([item('a')]);
      expect(await take()).toMatchObject({ id: 'a', attempt: 1 });
    });

    it('adds an id once when 20 send it at the same time', async () => {
      await Promise.all(Array.from({ length: 20 }, () => queue.send([item('a')])));
      expect(await queue.counts()).toEqual({ waiting: 1, leased: 0, dead: 0 });
    });

    it('delivers again when a lease has run out, and refuses the old receipt', async () => {
      await queue.send([item('a')]);
      const first = await take({ leaseMs: 1000, waitMs: 20_000 });
      const second = await take();
      expect(second).toMatchObject({ id: 'a', attempt: 2 });
      expect(await queue.done(first.receipt)).toBe(false);
      expect(await queue.extend(first.receipt, 1000)).toBe(false);
      expect(await queue.retry(first.receipt, { delayMs: 0, error: 'late' })).toBe(false);
      expect(await queue.counts()).toEqual({ waiting: 0, leased: 1, dead: 0 });
      expect(await queue.done(second.receipt)).toBe(true);
    });

    it('keeps an item in hand while its lease is extended', async () => {
      await queue.send([item('a')]);
      const lease = await take({ leaseMs: 2000, waitMs: 20_000 });
      expect(await queue.extend(lease.receipt, 60_000)).toBe(true);
      expect(await queue.receive({ max: 1, leaseMs: 1000, waitMs: 3000 })).toEqual([]);
      expect(await queue.done(lease.receipt)).toBe(true);
    });

    it('delivers an item given back only after its delay', async () => {
      await queue.send([item('a')]);
      const lease = await take();
      expect(await queue.retry(lease.receipt, { delayMs: 1500, error: 'busy' })).toBe(true);
      expect(await queue.receive({ max: 1, ...NOW })).toEqual([]);
      expect(await queue.counts()).toEqual({ waiting: 1, leased: 0, dead: 0 });
      expect(await take()).toMatchObject({ id: 'a', attempt: 2 });
    });

    it('delivers an item given back without delay at once, before younger ones', async () => {
      await queue.send(['a', 'b'].map(item));
      await queue.retry((await take()).receipt, { delayMs: 0, error: 'busy' });
      expect(await take()).toMatchObject({ id: 'a', attempt: 2 });
    });

    it('sets an item aside after its last attempt, with the last error', async () => {
      await queue.send(['bad', 'good'].map(item));
      for (const attempt of [1, 2, 3]) {
        const lease = await take();
        expect(lease).toMatchObject({ id: 'bad', attempt });
        expect(await queue.retry(lease.receipt, { delayMs: 0, error: `failure ${attempt}` })).toBe(true);
      }
      expect(await queue.dead()).toEqual([{ id: 'bad', body: { name: 'bad' }, error: 'failure 3' }]);
      expect(await queue.counts()).toEqual({ waiting: 1, leased: 0, dead: 1 });
      expect((await take()).id).toBe('good');
    });

    it('does not count a delivery that is given back untouched', async () => {
      await queue.send(['a', 'b'].map(item));
      for (let i = 0; i < 5; i++) {
        const lease = await take();
        expect(lease).toMatchObject({ id: 'a', attempt: 1 });
        expect(await queue.release(lease.receipt)).toBe(true);
      }
      const lease = await take();
      expect(await queue.done(lease.receipt)).toBe(true);
      expect(await queue.release(lease.receipt)).toBe(false);
    });

    it('forgets a dead item when told to, and no other', async () => {
      await queue.send(['bad', 'good'].map(item));
      for (let attempt = 1; attempt <= 3; attempt++) {
        await queue.retry((await take()).receipt, { delayMs: 0, error: 'failure' });
      }
      expect(await queue.discard('good')).toBe(false);
      expect(await queue.discard('bad')).toBe(true);
      expect(await queue.discard('bad')).toBe(false);
      expect(await queue.counts()).toEqual({ waiting: 1, leased: 0, dead: 0 });
    });

    it('says of an item whose lease ran out that it did, until its next delivery is ended', async () => {
      await queue.send([item('a')]);
      expect((await take({ leaseMs: 1000, waitMs: 20_000 })).ranOut).toBe(false);
      const second = await take({ leaseMs: 60_000, waitMs: 20_000 });
      expect(second).toMatchObject({ attempt: 2, ranOut: true });
      await queue.release(second.receipt);
      const third = await take();
      expect(third).toMatchObject({ attempt: 2, ranOut: true });
      await queue.retry(third.receipt, { delayMs: 0, error: 'busy' });
      expect(await take()).toMatchObject({ attempt: 3, ranOut: false });
    });

    it('sets an item aside whose leases keep running out', async () => {
      await queue.send([item('bad')]);
      for (const attempt of [1, 2, 3]) {
        expect(await take({ leaseMs: 1000, waitMs: 20_000 })).toMatchObject({ id: 'bad', attempt });
      }
      expect(await queue.receive({ max: 1, leaseMs: 1000, waitMs: 3000 })).toEqual([]);
      expect(await queue.counts()).toEqual({ waiting: 0, leased: 0, dead: 1 });
      expect(await queue.dead()).toMatchObject([{ id: 'bad', error: expect.stringMatching(/./) }]);
    });

    it('wakes a waiting consumer when work arrives', async () => {
      const waiting = take();
      await queue.send([item('a')]);
      expect((await waiting).id).toBe('a');
    });

    it('resolves with nothing on an abort, and leaves the work to others', async () => {
      const controller = new AbortController();
      const waiting = queue.receive({ max: 1, ...LONG, signal: controller.signal });
      controller.abort();
      expect(await waiting).toEqual([]);
      await queue.send([item('a')]);
      expect(await queue.receive({ max: 1, ...LONG, signal: controller.signal })).toEqual([]);
      expect(await take()).toMatchObject({ id: 'a', attempt: 1 });
    });

    it('gives each of 200 items to one of 4 consumers', async () => {
      const ids = Array.from({ length: 200 }, (_, i) => `item ${i}`);
      await queue.send(ids.map(item));
      const done: string[] = [];
      const consume = async () => {
        for (;;) {
          const leases = await queue.receive({ max: 7, ...NOW });
          if (leases.length === 0) return;
          for (const { id, receipt } of leases) {
            expect(await queue.done(receipt)).toBe(true);
            done.push(id);
          }
        }
      };
      await Promise.all([consume(), consume(), consume(), consume()]);
      expect(done.sort()).toEqual(ids.sort());
      expect(await queue.counts()).toEqual({ waiting: 0, leased: 0, dead: 0 });
    });
  });
}
