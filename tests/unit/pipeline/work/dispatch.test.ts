import { afterEach, describe, expect, it } from 'vitest';
import { Dispatch } from '../../../../shared/pipeline/work/dispatch.ts';
import { encodeItems } from '../../../../shared/pipeline/work/items.ts';
import { openTableQueue } from '../../../../shared/storage/queue/table.ts';
import { type CatalogTable, openCatalogTable } from '../../../support/catalog-table.ts';

const tables: CatalogTable[] = [];
afterEach(async () => {
  for (const table of tables.splice(0)) await table.dispose();
});

/** A stage on AWS: what was rung and submitted, and a queue that nobody empties. */
async function stage(options: { jobs: boolean } = { jobs: true }) {
  const opened = await openCatalogTable();
  tables.push(opened);
  const queue = openTableQueue(opened.table, 'work');
  const rung: number[] = [];
  let submitted = 0;
  let time = 0;
  const dispatch = new Dispatch({
    queue,
    bell: { ring: async ({ afterSeconds = 0 } = {}) => void rung.push(afterSeconds), close: async () => {} },
    jobs: options.jobs
      ? {
          active: async (most) => Math.min(most, submitted),
          submit: async () => void submitted++,
          close: async () => {},
        }
      : undefined,
    jobPassages: 1_000,
    now: () => time,
  });
  let documents = 0;
  return {
    dispatch,
    rung,
    submitted: () => submitted,
    later: (ms: number) => (time += ms),
    /** What the function ingest does for a document. */
    async upload(passages: number) {
      documents++;
      const ref = { tenant: 'acme', document: `d${documents}`, version: 'v' };
      await queue.send(encodeItems(ref, passages) as never);
      await dispatch.callWorkers();
    },
  };
}

describe('work on AWS', () => {
  it('of a few small documents is for the woken worker', async () => {
    const aws = await stage();
    for (let i = 0; i < 5; i++) await aws.upload(20);
    expect(aws.rung).toEqual([0, 0, 0, 0, 0]);
    expect(aws.submitted()).toBe(0);
  });

  it('of many small documents is for as many jobs as a large one of the same size', async () => {
    const small = await stage();
    for (let i = 0; i < 250; i++) await small.upload(80);
    expect(small.submitted()).toBe(8);
    // Until a thousand passages wait.
    expect(small.rung).toHaveLength(12);
    const large = await stage();
    await large.upload(20_000);
    expect(large.submitted()).toBe(8);
    expect(large.rung).toEqual([]);
  });

  it('gets jobs for its amount, and no more while these work', async () => {
    const aws = await stage();
    await aws.upload(1_500);
    expect(aws.submitted()).toBe(1);
    await aws.upload(2_000);
    expect(aws.submitted()).toBe(2);
    await aws.upload(20);
    expect(aws.submitted()).toBe(2);
    aws.later(3_600_000);
    await aws.dispatch.callWorkers();
    expect(aws.submitted()).toBe(2);
  });

  it('is all for the woken worker where there is no Batch', async () => {
    const aws = await stage({ jobs: false });
    await aws.upload(20_000);
    expect(aws.rung).toEqual([0]);
  });
});
