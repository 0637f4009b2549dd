import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Row, RowData, Table } from '../../../../shared/storage/ports.ts';
import { openDynamoTable } from '../../../../shared/storage/table/dynamodb.ts';
import { createDynamoTable } from '../../../../shared/storage/table/dynamodb-create.ts';
import { describeWith } from '../../../services/describe-with.ts';
import { type Service, startDynamoDb } from '../../../services/index.ts';
import { makeTable } from '../../../support/aws/dynamodb.ts';

const refusal = { code: 'invalid_request' };
const ofBytes = (bytes: number): RowData => ({ text: 'x'.repeat(bytes) });

/** 1,000 by hand: BLOCKRAG_BURST=1000. */
const ROWS = Number(process.env.BLOCKRAG_BURST ?? 200);

describeWith(['dynamodb'], 'DynamoDB table', () => {
  let server: Service;
  let options: Awaited<ReturnType<typeof makeTable>>;
  let table: Table;
  const put = (sort: string, data: RowData) => table.write([{ put: { partition: 'p', sort, data } }]);
  beforeAll(async () => {
    server = await startDynamoDb();
  });
  beforeEach(async () => {
    options = await makeTable(server);
    table = openDynamoTable(options);
  });
  afterEach(() => table.close());
  afterAll(() => server.stop());

  it(`lets one of 20 racing writers win each of ${ROWS} rows`, { timeout: 300_000 }, async () => {
    const tables = Array.from({ length: 20 }, () => openDynamoTable(options));
    const winners = new Map<string, number[]>();
    await Promise.all(
      tables.map(async (own, writer) => {
        for (let i = 0; i < ROWS; i++) {
          const row = { partition: `p${i % 7}`, sort: `row ${i}`, data: { writer } };
          try {
            await own.write([{ put: row, condition: 'absent' }]);
            winners.set(row.sort, [...(winners.get(row.sort) ?? []), writer]);
          } catch (error) {
            expect(error).toMatchObject({ code: 'conflict' });
          }
        }
        await own.close();
      }),
    );
    const rows = await table.getMany(
      Array.from({ length: ROWS }, (_, i) => ({ partition: `p${i % 7}`, sort: `row ${i}` })),
    );
    for (const row of rows) {
      expect(row?.revision).toBe(1);
      expect(winners.get(row!.sort)).toEqual([row?.data.writer]);
    }
  });

  it('loses none of the increments of racing transactions', async () => {
    const sorts = ['a', 'b'];
    await table.putMany(sorts.map((sort) => ({ partition: 'p', sort, data: { count: 0 } })));
    const increment = async (): Promise<void> => {
      const rows = await table.getMany(sorts.map((sort) => ({ partition: 'p', sort })));
      const puts = rows.map((row) => ({
        put: { partition: 'p', sort: row!.sort, data: { count: Number(row!.data.count) + 1 } },
        condition: { revision: row!.revision },
      }));
      await table.write(puts).catch((error) => {
        expect(error).toMatchObject({ code: 'conflict' });
        return increment();
      });
    };
    await Promise.all(Array.from({ length: 10 }, increment));
    expect((await table.query('p')).rows.map(({ data }) => data.count)).toEqual([10, 10]);
  });

  it('gives a partition of more than 3 MB, however it is read', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `row ${100 + i}`);
    await table.putMany(names.map((sort) => ({ partition: 'p', sort, data: ofBytes(90_000) })));
    expect((await table.query('p')).rows.map(({ sort }) => sort)).toEqual(names);
    const rows: Row[] = [];
    for (let after = ''; rows.length < names.length; after = rows.at(-1)!.sort) {
      const page = await table.query('p', { limit: 15, after });
      expect(page.rows).toHaveLength(Math.min(15, names.length - rows.length));
      rows.push(...page.rows);
    }
    expect(rows.map(({ sort }) => sort)).toEqual(names);
  });

  it('gets more rows than one answer holds', async () => {
    const keys = Array.from({ length: 130 }, (_, i) => ({ partition: `p${i}`, sort: 's' }));
    await table.putMany(keys.map((key) => ({ ...key, data: { ...ofBytes(200_000), name: key.partition } })));
    const rows = await table.getMany([...keys, { partition: 'p', sort: 'missing' }, keys[0]!]);
    expect(rows.map((row) => row?.data.name)).toEqual([...keys.map((key) => key.partition), undefined, 'p0']);
  });

  it('refuses a row of more than 400 KB', async () => {
    await put('s', ofBytes(400_000));
    const tooLarge = { ...refusal, message: expect.stringContaining('400 KB'), data: { limit: 409_600 } };
    await expect(put('s', ofBytes(410_000))).rejects.toMatchObject(tooLarge);
    const other = { put: { partition: 'p', sort: 'other', data: {} } };
    const both = [other, { put: { partition: 'p', sort: 's', data: ofBytes(410_000) } }];
    await expect(table.write(both)).rejects.toMatchObject(tooLarge);
    await expect(table.putMany(both.map(({ put }) => put))).rejects.toMatchObject(tooLarge);
    expect((await table.get('p', 's'))?.revision).toBe(1);
  });

  it('refuses a write of more than 4 MB', async () => {
    const puts = Array.from({ length: 20 }, (_, i) => ({
      put: { partition: 'p', sort: `row ${i}`, data: ofBytes(300_000) },
    }));
    await expect(table.write(puts)).rejects.toMatchObject(refusal);
    expect((await table.query('p')).rows).toEqual([]);
  });

  it('keeps every digit of a number, and refuses what it cannot hold', async () => {
    const numbers = [0.1, 1 / 3, 2 ** 53, 1e21, -Math.PI * 1e124, 1e-130];
    await put('s', { numbers });
    expect((await table.get('p', 's'))?.data).toEqual({ numbers });
    for (const number of [1e126, 1e-131, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(put('s', { number })).rejects.toMatchObject(refusal);
    }
    const missing = { gone: undefined } as unknown as RowData;
    await expect(put('s', missing)).rejects.toMatchObject(refusal);
    await expect(table.putMany([{ partition: 'p', sort: 's', data: missing }])).rejects.toMatchObject(
      refusal,
    );
  });

  it('puts the last of several rows of one key', async () => {
    const rows = Array.from({ length: 50 }, (_, i) => ({ partition: 'p', sort: 's', data: { i } }));
    await table.putMany(rows);
    expect((await table.get('p', 's'))?.data).toEqual({ i: 49 });
  });

  it('leaves a table alone that is there already', async () => {
    await put('s', { kept: true });
    await createDynamoTable(options);
    expect((await table.get('p', 's'))?.data).toEqual({ kept: true });
  });

  it('says that there is no such table', async () => {
    const missing = openDynamoTable({ ...options, table: 'missing' });
    const failure = { code: 'storage_failed', message: expect.stringMatching(/missing.*no such table/) };
    await expect(missing.get('p', 's')).rejects.toMatchObject(failure);
    await expect(missing.query('p')).rejects.toMatchObject(failure);
    await expect(missing.putMany([{ partition: 'p', sort: 's', data: {} }])).rejects.toMatchObject(failure);
    await missing.close();
  });
});
