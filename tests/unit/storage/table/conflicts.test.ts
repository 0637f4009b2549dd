import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockragError } from '../../../../shared/errors.ts';
import {
  deleteUnchanged,
  ifUnchanged,
  putUnchanged,
  tryWrite,
  untilNoConflict,
} from '../../../../shared/storage/table/conflicts.ts';
import { type CatalogTable, openCatalogTable } from '../../../support/catalog-table.ts';

let opened: CatalogTable;
beforeEach(async () => {
  opened = await openCatalogTable();
});
afterEach(() => opened.dispose());

describe('writers of one row', () => {
  it('all get their turn', async () => {
    const key = { partition: 'p', sort: 'count' };
    const add = () =>
      untilNoConflict(async () => {
        const row = await opened.table.get(key.partition, key.sort);
        const count = ((row?.data.count as number | undefined) ?? 0) + 1;
        await opened.table.write([{ put: { ...key, data: { count } }, condition: ifUnchanged(row) }]);
      });
    await Promise.all(Array.from({ length: 40 }, add));
    expect((await opened.table.get('p', 'count'))!.data).toEqual({ count: 40 });
  });

  it('give up when it never is', async () => {
    let attempts = 0;
    const never = untilNoConflict(async () => {
      attempts++;
      throw new BlockragError('conflict', 'Changed.');
    }, 0);
    await expect(never).rejects.toMatchObject({ code: 'overloaded', status: 503 });
    expect(attempts).toBe(16);
  });

  it('go on for a while where each attempt is quick', async () => {
    let attempts = 0;
    const late = untilNoConflict(async () => {
      if (++attempts <= 20) throw new BlockragError('conflict', 'Changed.');
      return 'done';
    });
    expect(await late).toBe('done');
  });

  it('do not repeat what fails otherwise', async () => {
    let attempts = 0;
    const failing = untilNoConflict(async () => {
      attempts++;
      throw new BlockragError('storage_failed', 'Broken.');
    });
    await expect(failing).rejects.toMatchObject({ code: 'storage_failed' });
    expect(attempts).toBe(1);
  });
});

describe('an optimistic write', () => {
  const key = { partition: 'p', sort: 's' };
  const read = () => opened.table.get(key.partition, key.sort);

  it('is done where the row is as it was read, and told of where it is not', async () => {
    const { table } = opened;
    const put = { ...key, data: { n: 1 } };
    expect(await tryWrite(table, [{ put, condition: ifUnchanged(undefined) }])).toBe(true);
    expect(await tryWrite(table, [{ put, condition: ifUnchanged(undefined) }])).toBe(false);
    const first = (await read())!;
    expect(await putUnchanged(table, first, { n: 2 })).toBe(true);
    expect(await putUnchanged(table, first, { n: 3 })).toBe(false);
    expect(await deleteUnchanged(table, first)).toBe(false);
    const second = (await read())!;
    expect(second.data).toEqual({ n: 2 });
    expect(await deleteUnchanged(table, second)).toBe(true);
    expect(await read()).toBeUndefined();
    expect(await putUnchanged(table, second, { n: 4 })).toBe(false);
    expect(await deleteUnchanged(table, second)).toBe(false);
  });

  it('writes nothing when one of its conditions does not hold', async () => {
    const other = { partition: 'p', sort: 'other' };
    const operations = [{ put: { ...key, data: {} } }, { check: other, condition: 'present' as const }];
    expect(await tryWrite(opened.table, operations)).toBe(false);
    expect(await read()).toBeUndefined();
  });

  it('fails as the table does otherwise', async () => {
    const twice = { put: { ...key, data: {} } };
    await expect(tryWrite(opened.table, [twice, twice])).rejects.toThrow();
  });
});
