import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Environment, openEnvironment } from '../../../../shared/storage/lmdb/environment.ts';
import type { Table, WorkQueue } from '../../../../shared/storage/ports.ts';
import { releaseLeases } from '../../../../shared/storage/queue/leases.ts';
import { openTableQueue } from '../../../../shared/storage/queue/table.ts';
import { openLmdbTable } from '../../../../shared/storage/table/lmdb.ts';
import { start } from '../../../support/children/start.ts';

const NOW = { max: 9, leaseMs: 60_000, waitMs: 0 };
const item = (id: string) => ({ id, body: { name: id } });

describe('leases of a queue that one process consumes', () => {
  let directory: string;
  let environment: Environment;
  let table: Table;
  let queue: WorkQueue;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'blockrag-leases-'));
    environment = await openEnvironment(directory);
    table = openLmdbTable(environment);
    queue = openTableQueue(table, 'work', { maxAttempts: 2 });
  });
  afterEach(async () => {
    await queue.close();
    await environment.close();
    await rm(directory, { recursive: true });
  });

  it('give work in hand back at once after a kill, until it has killed too often', async () => {
    await queue.send(['bad', 'good'].map(item));
    for (let kills = 0; kills < 2; kills++) {
      const child = start('take-work.ts', directory);
      await child.printed(1);
      await child.kill();
      expect(child.lines).toEqual(['bad']);
    }
    environment.refresh();
    await releaseLeases(table, 'work');
    expect(await queue.counts()).toEqual({ waiting: 1, leased: 0, dead: 1 });
    expect(await queue.dead()).toMatchObject([{ id: 'bad', error: expect.stringContaining('died') }]);
    expect((await queue.receive(NOW)).map(({ id }) => id)).toEqual(['good']);
  });

  it('are gone once released, while order, attempts and what waits stay', async () => {
    await queue.send(['a', 'b', 'c', 'd'].map(item));
    const [first, second] = await queue.receive({ ...NOW, max: 2 });
    await queue.retry(second!.receipt, { delayMs: 3_600_000, error: 'not yet' });
    await releaseLeases(table, 'work');
    expect(await queue.done(first!.receipt)).toBe(false);
    const leases = await queue.receive(NOW);
    expect(leases.map(({ id, attempt, ranOut }) => [id, attempt, ranOut])).toEqual([
      ['a', 2, true],
      ['c', 1, false],
      ['d', 1, false],
    ]);
  });

  it('of other queues in the table are kept', async () => {
    const other = openTableQueue(table, 'other');
    await other.send([item('a')]);
    const [lease] = await other.receive(NOW);
    await releaseLeases(table, 'work');
    expect(await other.done(lease!.receipt)).toBe(true);
  });
});
