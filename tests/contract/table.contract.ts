import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Row, RowData, Table } from '../../shared/storage/ports.ts';

/** A driver under test: empty when opened, gone when disposed of. */
export interface OpenedTable {
  table: Table;
  dispose(): Promise<void>;
}

const conflictAt = (index: number) => ({ code: 'conflict', data: { index } });
const inBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

async function everyRow(table: Table, partition: string, options: { prefix?: string; limit?: number } = {}) {
  const rows: Row[] = [];
  let after: string | undefined;
  do {
    const page = await table.query(partition, { ...options, ...(after === undefined ? {} : { after }) });
    rows.push(...page.rows);
    after = page.next;
  } while (after !== undefined);
  return rows;
}

/** What every driver of the Table port keeps. */
export function describeTable(name: string, open: () => Promise<OpenedTable>): void {
  describe(`${name} table`, () => {
    let opened: OpenedTable;
    let table: Table;
    const put = (partition: string, sort: string, data: RowData = {}) =>
      table.write([{ put: { partition, sort, data } }]);
    const sorts = async (partition: string, options = {}) =>
      (await everyRow(table, partition, options)).map(({ sort }) => sort);
    beforeEach(async () => {
      opened = await open();
      table = opened.table;
    });
    afterEach(async () => {
      await table.close();
      await opened.dispose();
    });

    it('gives back every kind of value', async () => {
      const data: RowData = {
        text: 'naïve 😀 \0 \uffff',
        numbers: [0, -1, 1.5, 2 ** 53 - 1, -(2 ** 40)],
        flags: [true, false, null],
        bytes: Uint8Array.from([0, 1, 254, 255]),
        nested: { deep: { '1': ['a', { b: [] }] } },
        empty: {},
      };
      await put('p', 's', data);
      expect(await table.get('p', 's')).toStrictEqual({ partition: 'p', sort: 's', revision: 1, data });
      expect((await table.get('p', 's'))?.data.bytes?.constructor).toBe(Uint8Array);
    });

    it('counts the revisions of a row', async () => {
      for (const revision of [1, 2, 3]) {
        await put('p', 's', { revision });
        expect(await table.get('p', 's')).toMatchObject({ revision, data: { revision } });
      }
      await table.putMany([{ partition: 'p', sort: 's', data: {} }]);
      expect((await table.get('p', 's'))?.revision).toBe(4);
      await table.write([{ delete: { partition: 'p', sort: 's' } }]);
      expect(await table.get('p', 's')).toBeUndefined();
      await put('p', 's');
      expect((await table.get('p', 's'))?.revision).toBe(1);
    });

    it('gets many rows in the order asked for', async () => {
      await put('p', 'a');
      await put('q', 'b');
      const keys = [
        { partition: 'q', sort: 'b' },
        { partition: 'p', sort: 'b' },
        { partition: 'p', sort: 'a' },
        { partition: 'q', sort: 'b' },
      ];
      expect((await table.getMany(keys)).map((row) => row?.sort)).toEqual(['b', undefined, 'a', 'b']);
      expect(await table.getMany([])).toEqual([]);
    });

    it('writes on a condition that holds', async () => {
      await table.write([{ put: { partition: 'p', sort: 's', data: {} }, condition: 'absent' }]);
      await table.write([{ put: { partition: 'p', sort: 's', data: {} }, condition: 'present' }]);
      await table.write([{ put: { partition: 'p', sort: 's', data: {} }, condition: { revision: 2 } }]);
      await table.write([{ check: { partition: 'p', sort: 's' }, condition: { revision: 3 } }]);
      await table.write([{ delete: { partition: 'p', sort: 's' }, condition: { revision: 3 } }]);
      await table.write([{ delete: { partition: 'p', sort: 's' }, condition: 'absent' }]);
      await table.write([{ delete: { partition: 'p', sort: 's' } }]);
      expect(await table.get('p', 's')).toBeUndefined();
    });

    it('refuses a write whose condition does not hold', async () => {
      await put('p', 'there');
      const there = { partition: 'p', sort: 'there', data: { changed: true } };
      const missing = { partition: 'p', sort: 'missing', data: {} };
      for (const [row, condition] of [
        [there, 'absent'],
        [there, { revision: 2 }],
        [missing, 'present'],
        [missing, { revision: 1 }],
      ] as const) {
        await expect(table.write([{ put: row, condition }])).rejects.toMatchObject(conflictAt(0));
        await expect(table.write([{ delete: row, condition }])).rejects.toMatchObject(conflictAt(0));
        await expect(table.write([{ check: row, condition }])).rejects.toMatchObject(conflictAt(0));
      }
      expect(await everyRow(table, 'p')).toEqual([{ partition: 'p', sort: 'there', revision: 1, data: {} }]);
    });

    it('writes all or none of 100 operations, and names the first that failed', async () => {
      const puts = (count: number) =>
        Array.from({ length: count }, (_, i) => ({ put: { partition: 'p', sort: `row ${i}`, data: { i } } }));
      const failed = { check: { partition: 'x', sort: 'x' }, condition: 'present' } as const;
      const alsoFailed = { check: { partition: 'x', sort: 'y' }, condition: 'present' } as const;
      const write = table.write([...puts(98), failed, alsoFailed]);
      await expect(write).rejects.toMatchObject(conflictAt(98));
      expect(await everyRow(table, 'p')).toEqual([]);
      await table.write(puts(100));
      expect(await everyRow(table, 'p')).toHaveLength(100);
      await expect(table.write(puts(101))).rejects.toMatchObject({ code: 'invalid_request' });
      await table.write([]);
    });

    it('refuses two operations on one row', async () => {
      const row = { partition: 'p', sort: 's', data: {} };
      const twice = table.write([{ put: row }, { check: row, condition: 'absent' }]);
      await expect(twice).rejects.toMatchObject({ code: 'invalid_request' });
      expect(await table.get('p', 's')).toBeUndefined();
    });

    it('refuses keys that are empty or no valid text', async () => {
      const refusal = { code: 'invalid_request' };
      await expect(put('', 's')).rejects.toMatchObject(refusal);
      await expect(put('p', '')).rejects.toMatchObject(refusal);
      await expect(put('p', 'half \ud800')).rejects.toMatchObject(refusal);
      await expect(put('p', 's'.repeat(5000))).rejects.toMatchObject(refusal);
    });

    it('takes sort keys of 1000 bytes', async () => {
      const long = 'é'.repeat(499);
      await table.putMany(['a', 'b'].map((end) => ({ partition: 'p', sort: long + end, data: {} })));
      expect(await sorts('p', { prefix: long })).toEqual([`${long}a`, `${long}b`]);
      expect(await sorts('p', { prefix: `${long}b` })).toEqual([`${long}b`]);
    });

    it('loses none of 20 concurrent increments', async () => {
      await put('p', 'counter', { count: 0 });
      const increment = async (): Promise<void> => {
        const row = (await table.get('p', 'counter'))!;
        const put = { partition: 'p', sort: 'counter', data: { count: Number(row.data.count) + 1 } };
        await table.write([{ put, condition: { revision: row.revision } }]).catch((error) => {
          if (error.code !== 'conflict') throw error;
          return increment();
        });
      };
      await Promise.all(Array.from({ length: 20 }, increment));
      expect(await table.get('p', 'counter')).toMatchObject({ revision: 21, data: { count: 20 } });
    });

    it('lets one of 20 racing creators win', async () => {
      const row = { partition: 'p', sort: 's', data: {} };
      const racers = Array.from({ length: 20 }, () => table.write([{ put: row, condition: 'absent' }]));
      const results = await Promise.allSettled(racers);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it('gives many rows page by page, each once and in order', async () => {
      const names = Array.from({ length: 1234 }, (_, i) => `row-${String(i).padStart(5, '0')}`);
      await table.putMany(names.map((sort, i) => ({ partition: 'p', sort, data: { i } })));
      await put('q', 'row-00007');
      expect(await sorts('p')).toEqual(names);
      expect(await sorts('p', { limit: 100 })).toEqual(names);
      expect(await sorts('p', { limit: 100, prefix: 'row-001' })).toEqual(names.slice(100, 200));
      const exact = await table.query('p', { prefix: 'row-001', limit: 100 });
      if (exact.next !== undefined) {
        expect((await table.query('p', { prefix: 'row-001', after: exact.next })).rows).toEqual([]);
      }
    });

    it('starts after a key, whether or not it is there or has the prefix', async () => {
      for (const sort of ['a/1', 'a/2', 'a/3', 'b/1']) await put('p', sort);
      const sortsAfter = async (key: string, prefix: string) =>
        (await table.query('p', { after: key, prefix })).rows.map(({ sort }) => sort);
      expect(await sortsAfter('a/1', 'a/')).toEqual(['a/2', 'a/3']);
      expect(await sortsAfter('a/15', 'a/')).toEqual(['a/2', 'a/3']);
      expect(await sortsAfter('a/3', 'a/')).toEqual([]);
      expect(await sortsAfter('a', 'b/')).toEqual(['b/1']);
      expect(await sortsAfter('c', 'a/')).toEqual([]);
      expect(await sortsAfter('a/2', '')).toEqual(['a/3', 'b/1']);
    });

    it('keeps partitions and prefixes exact and in byte order, whatever the keys hold', async () => {
      const letter = fc.constantFrom(
        '\0',
        '\x01',
        '\x04',
        '\x1b',
        ' ',
        'a',
        'b',
        '\x7f',
        'é',
        '\uffff',
        '😀',
      );
      const word = (minLength: number) => fc.string({ unit: letter, minLength, maxLength: 4 });
      const long = fc.tuple(fc.constant('a'.repeat(70)), word(1)).map(([start, end]) => start + end);
      const sort = fc.oneof({ weight: 4, arbitrary: word(1) }, long);
      const keys = fc.uniqueArray(fc.record({ partition: word(1), sort }), {
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
            expect(found.map(({ data }) => data)).toEqual(expected.sort((a, b) => inBytes(a.sort, b.sort)));
            expect(found.map(({ sort }) => sort)).toEqual(expected.map(({ sort }) => sort));
          }
        }),
        { numRuns: 40 },
      );
    });
  });
}
