/** What a table gives when it is asked for the rows of a partition. */
import assert from 'node:assert/strict';
import { fastCheck } from './case.ts';
import { everyRow, type OpenedTable, put, sorts } from './table-rows.ts';

const inBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

export const QUERYING: Record<string, (opened: OpenedTable) => Promise<void>> = {
  'gives many rows page by page, each once and in order': async ({ table }) => {
    const names = Array.from({ length: 1234 }, (_, i) => `row-${String(i).padStart(5, '0')}`);
    await table.putMany(names.map((sort, i) => ({ partition: 'p', sort, data: { i } })));
    await put(table, 'q', 'row-00007');
    assert.deepEqual(await sorts(table, 'p'), names);
    assert.deepEqual(await sorts(table, 'p', { limit: 100 }), names);
    assert.deepEqual(await sorts(table, 'p', { limit: 100, prefix: 'row-001' }), names.slice(100, 200));
    const exact = await table.query('p', { prefix: 'row-001', limit: 100 });
    if (exact.next !== undefined) {
      assert.deepEqual((await table.query('p', { prefix: 'row-001', after: exact.next })).rows, []);
    }
  },

  'starts after a key, whether or not it is there or has the prefix': async ({ table }) => {
    for (const sort of ['a/1', 'a/2', 'a/3', 'b/1']) await put(table, 'p', sort);
    const sortsAfter = async (key: string, prefix: string) =>
      (await table.query('p', { after: key, prefix })).rows.map(({ sort }) => sort);
    assert.deepEqual(await sortsAfter('a/1', 'a/'), ['a/2', 'a/3']);
    assert.deepEqual(await sortsAfter('a/15', 'a/'), ['a/2', 'a/3']);
    assert.deepEqual(await sortsAfter('a/3', 'a/'), []);
    assert.deepEqual(await sortsAfter('a', 'b/'), ['b/1']);
    assert.deepEqual(await sortsAfter('c', 'a/'), []);
    assert.deepEqual(await sortsAfter('a/2', ''), ['a/3', 'b/1']);
  },

  'keeps partitions and prefixes exact and in byte order, whatever the keys hold': async ({ table }) => {
    const fc = await fastCheck();
    const letter = fc.constantFrom('\0', '\x01', '\x04', '\x1b', ' ', 'a', 'b', '\x7f', 'é', '\uffff', '😀');
    const word = (minLength: number) => fc.string({ unit: letter, minLength, maxLength: 4 });
    const long = fc.tuple(fc.constant('a'.repeat(70)), word(1)).map(([start, end]) => start + end);
    const sort = fc.oneof({ weight: 4, arbitrary: word(1) }, long);
    const keys = fc.uniqueArray(fc.record({ partition: word(1), sort }, { noNullPrototype: true }), {
      selector: ({ partition, sort }) => JSON.stringify([partition, sort]),
      minLength: 1,
      maxLength: 30,
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(keys, word(0), async (rows, prefix) => {
        const start = `${run++}-`;
        await table.putMany(rows.map((row) => ({ ...row, partition: start + row.partition, data: row })));
        for (const partition of new Set(rows.map((row) => row.partition))) {
          const expected = rows.filter((row) => row.partition === partition && row.sort.startsWith(prefix));
          const found = await everyRow(table, start + partition, { prefix, limit: 7 });
          assert.deepEqual(
            found.map(({ data }) => data),
            expected.sort((a, b) => inBytes(a.sort, b.sort)),
          );
          assert.deepEqual(
            found.map(({ sort }) => sort),
            expected.map(({ sort }) => sort),
          );
        }
      }),
      { numRuns: 40 },
    );
  },
};
