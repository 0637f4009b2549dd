import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockragError } from '../../../../shared/errors.ts';
import { untilNoConflict } from '../../../../shared/storage/table/conflicts.ts';
import { type CatalogTable, openCatalogTable } from '../../access/catalog-table.ts';

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
        const condition = row === undefined ? ('absent' as const) : { revision: row.revision };
        const count = ((row?.data.count as number | undefined) ?? 0) + 1;
        await opened.table.write([{ put: { ...key, data: { count } }, condition }]);
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
