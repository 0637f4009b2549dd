import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Table, WorkQueue } from '../../../../shared/storage/ports.ts';
import { openTableQueue } from '../../../../shared/storage/queue/table.ts';
import { openDynamoTable } from '../../../../shared/storage/table/dynamodb.ts';
import { describeWith } from '../../../services/describe-with.ts';
import { type Service, startDynamoDb } from '../../../services/index.ts';
import { makeTable } from '../../../support/aws/dynamodb.ts';
import { start } from '../../../support/children/start.ts';

const NOW = { max: 1, leaseMs: 60_000, waitMs: 0 };
const item = (id: string) => ({ id, body: { name: id } });

describeWith(['dynamodb'], 'work queue in a DynamoDB table', () => {
  let server: Service;
  let options: Awaited<ReturnType<typeof makeTable>>;
  let table: Table;
  let queue: WorkQueue;
  beforeAll(async () => {
    server = await startDynamoDb();
  });
  beforeEach(async () => {
    options = await makeTable(server);
    table = openDynamoTable(options);
    queue = openTableQueue(table, 'work');
  });
  afterEach(() => table.close());
  afterAll(() => server.stop());

  it('has each of 500 items done once by 20 racing workers, of whom some give up now and then', async () => {
    const ids = Array.from({ length: 500 }, (_, i) => `item ${i}`);
    const senders = [ids, ids.toReversed()].map((some) => queue.send(some.map(item)));
    await Promise.all(senders);
    expect(await queue.counts()).toEqual({ waiting: 500, leased: 0, dead: 0 });
    const inHand = new Set<string>();
    const done: string[] = [];
    const work = async (worker: number) => {
      const own = openTableQueue(table, 'work');
      for (let step = 0; ; step++) {
        const leases = await own.receive({ ...NOW, max: 1 + (worker % 4) });
        if (leases.length === 0) return;
        for (const { id } of leases) {
          expect(inHand.has(id)).toBe(false);
          inHand.add(id);
        }
        for (const { id, receipt } of leases) {
          inHand.delete(id);
          if (worker === 0 && step < 5) expect(await own.release(receipt)).toBe(true);
          else if (worker === 1 && step < 2) {
            expect(await own.retry(receipt, { delayMs: 0, error: 'no' })).toBe(true);
          } else {
            expect(await own.done(receipt)).toBe(true);
            done.push(id);
          }
        }
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, worker) => work(worker)));
    expect(done.toSorted()).toEqual(ids.toSorted());
    expect(await queue.counts()).toEqual({ waiting: 0, leased: 0, dead: 0 });
  });

  it('gives back what a worker held that was killed, once its lease has run out', async () => {
    await queue.send([item('a')]);
    const leaseMs = 2000;
    const child = start('hold-table-work.ts', options.table, JSON.stringify(options.client), String(leaseMs));
    await child.printed(1);
    expect(child.lines).toEqual(['a']);
    expect(await queue.receive({ ...NOW, waitMs: 2 * leaseMs })).toEqual([]);
    await child.kill();
    const leases = await queue.receive({ ...NOW, waitMs: 30_000 });
    expect(leases).toMatchObject([{ id: 'a', attempt: 2 }]);
    expect(await queue.done(leases[0]!.receipt)).toBe(true);
  });
});
