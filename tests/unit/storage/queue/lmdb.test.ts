import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Environment, openEnvironment } from '../../../../shared/storage/lmdb/environment.ts';
import type { WorkQueue } from '../../../../shared/storage/ports.ts';
import { openLmdbQueue } from '../../../../shared/storage/queue/lmdb.ts';
import { start } from '../../../support/children/start.ts';

const NOW = { max: 9, leaseMs: 60_000, waitMs: 0 };
const item = (id: string) => ({ id, body: { name: id } });

describe('LMDB work queue', () => {
  let directory: string;
  let environment: Environment;
  let queue: WorkQueue;
  const open = () => openLmdbQueue(environment, 'work', { maxAttempts: 2 });
  const ids = async () => (await queue.receive(NOW)).map(({ id }) => id);
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'blockrag-queue-'));
    environment = await openEnvironment(directory);
    queue = await open();
  });
  afterEach(async () => {
    await queue.close();
    await environment.close();
    await rm(directory, { recursive: true });
  });

  it('gives work in hand back at once after a kill, until it has killed too often', async () => {
    await queue.send(['bad', 'good'].map(item));
    for (let kills = 0; kills < 2; kills++) {
      const child = start('take-work.ts', directory);
      await child.printed(1);
      await child.kill();
      expect(child.lines).toEqual(['bad']);
    }
    queue = await open();
    expect(await queue.dead()).toMatchObject([{ id: 'bad', error: expect.stringContaining('died') }]);
    expect(await ids()).toEqual(['good']);
  });

  it('keeps its items, their order and their attempts over a new opening', async () => {
    await queue.send(['a', 'b'].map(item));
    const [first] = await queue.receive({ ...NOW, max: 1 });
    queue = await open();
    await queue.send([item('c')]);
    expect(await queue.done(first!.receipt)).toBe(false);
    const leases = await queue.receive(NOW);
    expect(leases.map(({ id, attempt }) => [id, attempt])).toEqual([
      ['a', 2],
      ['b', 1],
      ['c', 1],
    ]);
  });

  it('starts afresh with a dead item that is sent again', async () => {
    await queue.send([item('a')]);
    for (let attempt = 0; attempt < 2; attempt++) {
      const [lease] = await queue.receive(NOW);
      await queue.retry(lease!.receipt, { delayMs: 0, error: 'no' });
    }
    expect(await queue.counts()).toEqual({ waiting: 0, leased: 0, dead: 1 });
    await queue.send([{ id: 'a', body: { name: 'again' } }]);
    expect(await queue.counts()).toEqual({ waiting: 1, leased: 0, dead: 0 });
    expect(await queue.receive(NOW)).toMatchObject([{ id: 'a', body: { name: 'again' }, attempt: 1 }]);
  });

  it('refuses the receipt of an earlier item of the same id', async () => {
    await queue.send([item('a')]);
    const [first] = await queue.receive(NOW);
    await queue.done(first!.receipt);
    await queue.send([item('a')]);
    const [second] = await queue.receive(NOW);
    expect(await queue.done(first!.receipt)).toBe(false);
    expect(await queue.done(second!.receipt)).toBe(true);
  });

  it('puts back what it took for a consumer that has left meanwhile, without counting it', async () => {
    await queue.send([item('a')]);
    const controller = new AbortController();
    const receiving = queue.receive({ ...NOW, signal: controller.signal });
    controller.abort();
    expect(await receiving).toEqual([]);
    expect(await queue.receive(NOW)).toMatchObject([{ id: 'a', attempt: 1 }]);
  });

  it('delivers delayed items when they come due, even to a consumer that waits already', async () => {
    await queue.send(['a', 'b'].map(item));
    const leases = await queue.receive(NOW);
    const waiting = queue.receive({ ...NOW, max: 1, waitMs: 30_000 });
    await queue.retry(leases[0]!.receipt, { delayMs: 200, error: '' });
    await queue.retry(leases[1]!.receipt, { delayMs: 100, error: '' });
    expect(await waiting).toMatchObject([{ id: 'b', attempt: 2 }]);
    expect(await queue.receive({ ...NOW, waitMs: 30_000 })).toMatchObject([{ id: 'a', attempt: 2 }]);
  });

  it('gives a waiting consumer what another let run out', async () => {
    const waiting = queue.receive({ ...NOW, max: 1, waitMs: 30_000 });
    await queue.send([item('a')]);
    const [lease] = await waiting;
    expect(await queue.extend(lease!.receipt, 100)).toBe(true);
    expect(await queue.receive({ ...NOW, waitMs: 30_000 })).toMatchObject([{ id: 'a', attempt: 2 }]);
  });

  it('ends the waiting of consumers when it is closed', async () => {
    const waiting = queue.receive({ ...NOW, waitMs: 30_000 });
    await queue.close();
    expect(await waiting).toEqual([]);
  });

  it('keeps queues of different names apart', async () => {
    const other = await openLmdbQueue(environment, 'other');
    await queue.send([item('a')]);
    expect(await other.receive(NOW)).toEqual([]);
    expect(await ids()).toEqual(['a']);
  });

  it('refuses ids and receipts that are none', async () => {
    const refusal = { code: 'invalid_request' };
    await expect(queue.send([item('')])).rejects.toMatchObject(refusal);
    await expect(queue.send([item('x'.repeat(1978))])).rejects.toMatchObject(refusal);
    await expect(queue.done('no receipt')).rejects.toMatchObject(refusal);
    await queue.send([item('x'.repeat(1977))]);
    expect(await queue.counts()).toEqual({ waiting: 1, leased: 0, dead: 0 });
  });
});
