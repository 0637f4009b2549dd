import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BlockragError } from '../../../../shared/errors.ts';
import { type Environment, openEnvironment } from '../../../../shared/storage/lmdb/environment.ts';
import type { Lease, Table, WorkQueue } from '../../../../shared/storage/ports.ts';
import { openTableQueue } from '../../../../shared/storage/queue/table.ts';
import { shardsOf } from '../../../../shared/storage/queue/table-rows.ts';
import { openLmdbTable } from '../../../../shared/storage/table/lmdb.ts';

const NOW = { max: 9, leaseMs: 60_000, waitMs: 0 };
const item = (id: string) => ({ id, body: { name: id } });

describe('work queue in a table', () => {
  let directory: string;
  let environment: Environment;
  let table: Table;
  let queue: WorkQueue;
  const open = () => openTableQueue(table, 'work', { maxAttempts: 2 });
  const take = async (options = {}) => (await queue.receive({ ...NOW, max: 1, ...options }))[0]!;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'blockrag-queue-'));
    environment = await openEnvironment(directory);
    table = openLmdbTable(environment);
    queue = open();
  });
  afterEach(async () => {
    await queue.close();
    await environment.close();
    await rm(directory, { recursive: true });
  });

  it('is shared by all that open it, whose leases it keeps', async () => {
    await queue.send(['a', 'b', 'c'].map(item));
    const { receipt } = await take();
    const other = open();
    expect(await other.receive({ ...NOW, max: 1 })).toMatchObject([{ id: 'b', attempt: 1 }]);
    expect(await other.counts()).toEqual({ waiting: 1, leased: 2, dead: 0 });
    expect(await other.done(receipt)).toBe(true);
    expect(await queue.done(receipt)).toBe(false);
  });

  it('delivers oldest first over all shards, in pages and behind what is in hand', async () => {
    const ids = Array.from({ length: 300 }, (_, i) => `item ${(i * 7) % 300}`);
    await queue.send(ids.map(item));
    const leases: Lease[] = [];
    while (leases.length < ids.length) leases.push(...(await queue.receive({ ...NOW, max: 40 })));
    expect(leases.map(({ id }) => id)).toEqual(ids);
    const { items } = shardsOf('work');
    const filled = await Promise.all(items.map(async (shard) => (await table.query(shard)).rows));
    expect(filled.every((rows) => rows.length > 30)).toBe(true);
  });

  it('comes to every one of 40 groups, of whatever names, before one has its second turn', async () => {
    const names = Array.from({ length: 20 }, (_, i) => [`t${i}`, `t${i}-b`]).flat();
    const of = (group: string) => Array.from({ length: 30 }, (_, n) => ({ ...item(`${group} ${n}`), group }));
    for (const group of names) await queue.send(of(group));
    for (let round = 0; round < 3; round++) {
      const served: string[] = [];
      while (served.length < names.length) {
        const leases = await queue.receive({ ...NOW, max: 4 });
        served.push(...leases.map(({ id }) => id));
      }
      expect(served.toSorted()).toEqual(names.map((group) => `${group} ${round}`).toSorted());
    }
  });

  it('finds what other groups have behind many items that are in hand or delayed', async () => {
    const of = (group: string, count: number) =>
      Array.from({ length: count }, (_, n) => ({ ...item(`${group} ${n}`), group }));
    await queue.send(of('a', 200));
    for (const { receipt } of await queue.receive({ ...NOW, max: 120 })) {
      await queue.retry(receipt, { delayMs: 60_000, error: 'later' });
    }
    await queue.receive({ ...NOW, max: 80 });
    await queue.send(of('b', 1));
    expect(await queue.receive({ ...NOW, max: 2 })).toMatchObject([{ id: 'b 0' }]);
  });

  it('takes what an earlier version has stored, without groups, before what came after it', async () => {
    const stored = { body: { tenant: 'a' }, attempt: 1, deliveries: 1, leased: false, due: 0, error: '' };
    await table.putMany([
      { partition: 'queue/work/items/1', sort: '1700000000000000/encode/d/v/0', data: stored },
      { partition: 'queue/work/ids/encode/d/v/0', sort: 'id', data: {} },
    ]);
    await queue.send([{ ...item('new'), group: 'a' }]);
    await queue.send([{ ...item('encode/d/v/0'), group: 'a' }]);
    const lease = await take();
    expect(lease).toMatchObject({ id: 'encode/d/v/0', body: { tenant: 'a' }, attempt: 2 });
    expect(await queue.done(lease.receipt)).toBe(true);
    expect(await queue.receive(NOW)).toMatchObject([{ id: 'new' }]);
  });

  it('refuses the receipt of a delivery that was given back, when another has the item', async () => {
    await queue.send([item('a')]);
    const first = await take();
    await queue.release(first.receipt);
    const second = await take();
    expect(second).toMatchObject({ id: 'a', attempt: 1 });
    expect(await queue.extend(first.receipt, 1000)).toBe(false);
    expect(await queue.done(first.receipt)).toBe(false);
    expect(await queue.done(second.receipt)).toBe(true);
  });

  it('refuses the receipt of an earlier item of the same id', async () => {
    await queue.send([item('a')]);
    const first = await take();
    await queue.done(first.receipt);
    await queue.send([item('a')]);
    const second = await take();
    expect(await queue.done(first.receipt)).toBe(false);
    expect(await queue.done(second.receipt)).toBe(true);
  });

  it('does not lose a heartbeat or the end to each other', async () => {
    await queue.send([item('a')]);
    const { receipt } = await take();
    const beats = Array.from({ length: 10 }, () => queue.extend(receipt, 60_000));
    expect(await queue.done(receipt)).toBe(true);
    await Promise.all(beats);
    expect(await queue.counts()).toEqual({ waiting: 0, leased: 0, dead: 0 });
  });

  it('counts as dead what nobody has taken since its last lease ran out', async () => {
    await queue.send([item('a')]);
    await queue.retry((await take()).receipt, { delayMs: 0, error: 'no' });
    await take({ leaseMs: 10 });
    await sleep(20);
    expect(await queue.counts()).toEqual({ waiting: 0, leased: 0, dead: 1 });
    expect(await queue.dead()).toMatchObject([{ id: 'a', error: expect.stringContaining('died') }]);
  });

  it('starts afresh with a dead item that is sent again', async () => {
    await queue.send([item('a')]);
    for (let attempt = 0; attempt < 2; attempt++) {
      await queue.retry((await take()).receipt, { delayMs: 0, error: 'no' });
    }
    expect(await queue.counts()).toEqual({ waiting: 0, leased: 0, dead: 1 });
    await queue.send([{ id: 'a', body: { name: 'again' } }]);
    expect(await queue.counts()).toEqual({ waiting: 1, leased: 0, dead: 0 });
    expect(await take()).toMatchObject({ id: 'a', body: { name: 'again' }, attempt: 1 });
  });

  it('puts back what it took for a consumer that has left meanwhile, without counting it', async () => {
    await queue.send([item('a')]);
    const controller = new AbortController();
    const receiving = queue.receive({ ...NOW, signal: controller.signal });
    controller.abort();
    expect(await receiving).toEqual([]);
    expect(await queue.receive(NOW)).toMatchObject([{ id: 'a', attempt: 1 }]);
  });

  it('gives what it could take when taking the rest fails', async () => {
    await queue.send(['a', 'b'].map(item));
    const failure = new BlockragError('storage_failed', 'The table cannot be reached.');
    const write = vi.spyOn(table, 'write').mockRejectedValueOnce(failure);
    expect(await queue.receive({ ...NOW, max: 2 })).toMatchObject([{ id: 'b' }]);
    write.mockRejectedValueOnce(failure);
    await expect(queue.receive(NOW)).rejects.toBe(failure);
    expect(await queue.receive(NOW)).toMatchObject([{ id: 'a', attempt: 1 }]);
  });

  it('delivers delayed items when they come due, even to a consumer that waits already', async () => {
    await queue.send(['a', 'b'].map(item));
    const leases = await queue.receive(NOW);
    const waiting = take({ waitMs: 30_000 });
    await queue.retry(leases[0]!.receipt, { delayMs: 300, error: '' });
    await queue.retry(leases[1]!.receipt, { delayMs: 100, error: '' });
    expect(await waiting).toMatchObject({ id: 'b', attempt: 2 });
    expect(await take({ waitMs: 30_000 })).toMatchObject({ id: 'a', attempt: 2 });
  });

  it('gives a waiting consumer what another process sends', async () => {
    const waiting = take({ waitMs: 30_000 });
    await open().send([item('a')]);
    expect(await waiting).toMatchObject({ id: 'a' });
  });

  it('ends the waiting of consumers when it is closed', async () => {
    const waiting = queue.receive({ ...NOW, waitMs: 30_000 });
    await queue.close();
    expect(await waiting).toEqual([]);
  });

  it('keeps queues of different names apart', async () => {
    const other = openTableQueue(table, 'other');
    await queue.send([item('a')]);
    expect(await other.receive(NOW)).toEqual([]);
    expect(await queue.receive(NOW)).toMatchObject([{ id: 'a' }]);
  });

  it('refuses ids and receipts that are none', async () => {
    const refusal = { code: 'invalid_request' };
    await expect(queue.send([item('')])).rejects.toMatchObject(refusal);
    await expect(queue.send([item('x'.repeat(1001))])).rejects.toMatchObject(refusal);
    await expect(queue.discard('')).rejects.toMatchObject(refusal);
    await expect(queue.done('no receipt')).rejects.toMatchObject(refusal);
    await expect(queue.send([{ ...item('a'), group: 'a/b' }])).rejects.toMatchObject(refusal);
    await expect(queue.send([{ ...item('x'.repeat(1000)), group: 'a' }])).rejects.toMatchObject(refusal);
    await queue.send([item('x'.repeat(1000))]);
    expect(await take()).toMatchObject({ body: { name: 'x'.repeat(1000) } });
  });

  it('behaves as a list of items does, whatever is done to it', async () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.oneof(
      fc.record({ send: fc.array(id, { maxLength: 4 }) }),
      fc.record({ receive: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ end: fc.constantFrom('done', 'retry', 'release'), which: fc.nat(9) }),
      fc.record({ discard: id }),
    );
    let run = 0;
    const holds = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const tried = openTableQueue(table, `run ${run++}`, { maxAttempts: 2 });
      let live: { id: string; attempt: number; receipt?: string }[] = [];
      let dead: string[] = [];
      for (const step of steps) {
        if ('send' in step) {
          await tried.send(step.send.map(item));
          for (const id of step.send) {
            if (live.some((known) => known.id === id)) continue;
            dead = dead.filter((other) => other !== id);
            live.push({ id, attempt: 0 });
          }
        } else if ('receive' in step) {
          const leases = await tried.receive({ ...NOW, max: step.receive });
          const due = live.filter(({ receipt }) => receipt === undefined).slice(0, step.receive);
          for (const one of due) one.attempt++;
          expect(leases.map(({ id, attempt }) => ({ id, attempt }))).toEqual(
            due.map(({ id, attempt }) => ({ id, attempt })),
          );
          for (const [i, one] of due.entries()) one.receipt = leases[i]!.receipt;
        } else if ('discard' in step) {
          expect(await tried.discard(step.discard)).toBe(dead.includes(step.discard));
          dead = dead.filter((id) => id !== step.discard);
        } else {
          const held = live.filter(({ receipt }) => receipt !== undefined);
          const one = held[step.which % Math.max(held.length, 1)];
          if (one === undefined) continue;
          if (step.end === 'done') await tried.done(one.receipt!);
          else if (step.end === 'release') await tried.release(one.receipt!);
          else await tried.retry(one.receipt!, { delayMs: 0, error: 'no' });
          delete one.receipt;
          if (step.end === 'release') one.attempt--;
          const dies = step.end === 'retry' && one.attempt === 2;
          if (dies) dead.push(one.id);
          if (dies || step.end === 'done') live = live.filter((other) => other !== one);
        }
        const leased = live.filter(({ receipt }) => receipt !== undefined).length;
        expect(await tried.counts()).toEqual({
          waiting: live.length - leased,
          leased,
          dead: dead.length,
        });
      }
    });
    await fc.assert(holds, { numRuns: 30 });
  });
});
