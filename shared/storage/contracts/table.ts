/** What every driver of the Table port does. */
import assert from 'node:assert/strict';
import type { RowData } from '../ports.ts';
import { assertFields, assertRejects, type ContractCase, casesOn } from './case.ts';
import { QUERYING } from './table-querying.ts';
import { everyRow, type OpenedTable, put, sorts } from './table-rows.ts';

/**
 * The contract of a Table. Each case opens a table of its own and closes it.
 *
 * @example
 * for (const { name, run } of tableContract(open)) test(name, run);
 */
export function tableContract(open: () => Promise<OpenedTable>): ContractCase[] {
  return casesOn(open, closed, { ...WRITING, ...QUERYING });
}

async function closed({ table, close }: OpenedTable): Promise<void> {
  await table.close();
  await close?.();
}

const conflictAt = (index: number) => ({ code: 'conflict', data: { index } });

const WRITING: Record<string, (opened: OpenedTable) => Promise<void>> = {
  'gives back every kind of value': async ({ table }) => {
    const data: RowData = {
      text: 'naïve 😀 \0 \uffff',
      numbers: [0, -1, 1.5, 2 ** 53 - 1, -(2 ** 40)],
      flags: [true, false, null],
      bytes: Uint8Array.from([0, 1, 254, 255]),
      nested: { deep: { '1': ['a', { b: [] }] } },
      empty: {},
    };
    await put(table, 'p', 's', data);
    assert.deepEqual(await table.get('p', 's'), { partition: 'p', sort: 's', revision: 1, data });
    assert.equal((await table.get('p', 's'))?.data.bytes?.constructor, Uint8Array);
  },

  'counts the revisions of a row': async ({ table }) => {
    for (const revision of [1, 2, 3]) {
      await put(table, 'p', 's', { revision });
      assertFields(await table.get('p', 's'), { revision, data: { revision } });
    }
    await table.putMany([{ partition: 'p', sort: 's', data: {} }]);
    assert.equal((await table.get('p', 's'))?.revision, 4);
    await table.write([{ delete: { partition: 'p', sort: 's' } }]);
    assert.equal(await table.get('p', 's'), undefined);
    await put(table, 'p', 's');
    assert.equal((await table.get('p', 's'))?.revision, 1);
  },

  'gets many rows in the order asked for': async ({ table }) => {
    await put(table, 'p', 'a');
    await put(table, 'q', 'b');
    const keys = [
      { partition: 'q', sort: 'b' },
      { partition: 'p', sort: 'b' },
      { partition: 'p', sort: 'a' },
      { partition: 'q', sort: 'b' },
    ];
    assert.deepEqual(
      (await table.getMany(keys)).map((row) => row?.sort),
      ['b', undefined, 'a', 'b'],
    );
    assert.deepEqual(await table.getMany([]), []);
  },

  'writes on a condition that holds': async ({ table }) => {
    await table.write([{ put: { partition: 'p', sort: 's', data: {} }, condition: 'absent' }]);
    await table.write([{ put: { partition: 'p', sort: 's', data: {} }, condition: 'present' }]);
    await table.write([{ put: { partition: 'p', sort: 's', data: {} }, condition: { revision: 2 } }]);
    await table.write([{ check: { partition: 'p', sort: 's' }, condition: { revision: 3 } }]);
    await table.write([{ delete: { partition: 'p', sort: 's' }, condition: { revision: 3 } }]);
    await table.write([{ delete: { partition: 'p', sort: 's' }, condition: 'absent' }]);
    await table.write([{ delete: { partition: 'p', sort: 's' } }]);
    assert.equal(await table.get('p', 's'), undefined);
  },

  'refuses a write whose condition does not hold': async ({ table }) => {
    await put(table, 'p', 'there');
    const there = { partition: 'p', sort: 'there', data: { changed: true } };
    const missing = { partition: 'p', sort: 'missing', data: {} };
    for (const [row, condition] of [
      [there, 'absent'],
      [there, { revision: 2 }],
      [missing, 'present'],
      [missing, { revision: 1 }],
    ] as const) {
      await assertRejects(table.write([{ put: row, condition }]), conflictAt(0));
      await assertRejects(table.write([{ delete: row, condition }]), conflictAt(0));
      await assertRejects(table.write([{ check: row, condition }]), conflictAt(0));
    }
    assert.deepEqual(await everyRow(table, 'p'), [{ partition: 'p', sort: 'there', revision: 1, data: {} }]);
  },

  'writes all or none of 100 operations, and names the first that failed': async ({ table }) => {
    const puts = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ put: { partition: 'p', sort: `row ${i}`, data: { i } } }));
    const failed = { check: { partition: 'x', sort: 'x' }, condition: 'present' } as const;
    const alsoFailed = { check: { partition: 'x', sort: 'y' }, condition: 'present' } as const;
    const write = table.write([...puts(98), failed, alsoFailed]);
    await assertRejects(write, conflictAt(98));
    assert.deepEqual(await everyRow(table, 'p'), []);
    await table.write(puts(100));
    assert.equal((await everyRow(table, 'p')).length, 100);
    await assertRejects(table.write(puts(101)), { code: 'invalid_request' });
    await table.write([]);
  },

  'refuses two operations on one row': async ({ table }) => {
    const row = { partition: 'p', sort: 's', data: {} };
    const twice = table.write([{ put: row }, { check: row, condition: 'absent' }]);
    await assertRejects(twice, { code: 'invalid_request' });
    assert.equal(await table.get('p', 's'), undefined);
  },

  'refuses keys that are empty or no valid text': async ({ table }) => {
    const refusal = { code: 'invalid_request' };
    await assertRejects(put(table, '', 's'), refusal);
    await assertRejects(put(table, 'p', ''), refusal);
    await assertRejects(put(table, 'p', 'half \ud800'), refusal);
    await assertRejects(put(table, 'p', 's'.repeat(5000)), refusal);
  },

  'takes sort keys of 1000 bytes': async ({ table }) => {
    const long = 'é'.repeat(499);
    await table.putMany(['a', 'b'].map((end) => ({ partition: 'p', sort: long + end, data: {} })));
    assert.deepEqual(await sorts(table, 'p', { prefix: long }), [`${long}a`, `${long}b`]);
    assert.deepEqual(await sorts(table, 'p', { prefix: `${long}b` }), [`${long}b`]);
  },

  'loses none of 20 concurrent increments': async ({ table }) => {
    await put(table, 'p', 'counter', { count: 0 });
    const increment = async (): Promise<void> => {
      const row = (await table.get('p', 'counter'))!;
      const put = { partition: 'p', sort: 'counter', data: { count: Number(row.data.count) + 1 } };
      await table.write([{ put, condition: { revision: row.revision } }]).catch((error) => {
        if (error.code !== 'conflict') throw error;
        return increment();
      });
    };
    await Promise.all(Array.from({ length: 20 }, increment));
    assertFields(await table.get('p', 'counter'), { revision: 21, data: { count: 20 } });
  },

  'lets one of 20 racing creators win': async ({ table }) => {
    const row = { partition: 'p', sort: 's', data: {} };
    const racers = Array.from({ length: 20 }, () => table.write([{ put: row, condition: 'absent' }]));
    const results = await Promise.allSettled(racers);
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  },
};
