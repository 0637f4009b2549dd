import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Environment, openEnvironment } from '../../../../shared/storage/lmdb/environment.ts';
import { openLmdbTable } from '../../../../shared/storage/table/lmdb.ts';
import { start, startOnSmallDisk } from '../../../support/children/start.ts';

describe('LMDB environment', () => {
  let directory: string;
  let environment: Environment;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'blockrag-lmdb-'));
    environment = await openEnvironment(directory);
  });
  afterEach(async () => {
    await environment.close();
    await rm(directory, { recursive: true });
  });

  it('undoes a transaction that throws, and only that one', async () => {
    const numbers = environment.database<number>('numbers');
    const write = (key: string, throws: boolean) =>
      environment.write(() => {
        numbers.putSync(Buffer.from(key), 1);
        if (throws) throw new RangeError(key);
      });
    const results = await Promise.allSettled([write('a', false), write('b', true), write('c', false)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect([...numbers.getKeys({ start: Buffer.from('a') })].map(String)).toEqual(['a', 'c']);
  });

  it('keeps rows over a new opening', async () => {
    await openLmdbTable(environment).write([{ put: { partition: 'p', sort: 's', data: { n: 1 } } }]);
    await environment.close();
    environment = await openEnvironment(directory);
    expect(await openLmdbTable(environment).get('p', 's')).toMatchObject({ revision: 1, data: { n: 1 } });
  });

  it('refuses work once it is closed', async () => {
    const table = openLmdbTable(environment);
    await environment.close();
    await environment.close();
    const closed = { code: 'shutting_down' };
    await expect(table.get('p', 's')).rejects.toMatchObject(closed);
    await expect(table.query('p')).rejects.toMatchObject(closed);
    await expect(table.write([{ put: { partition: 'p', sort: 's', data: {} } }])).rejects.toMatchObject(
      closed,
    );
  });

  it('lets what was under way finish before it closes', async () => {
    const table = openLmdbTable(environment);
    const write = table.write([{ put: { partition: 'p', sort: 's', data: {} } }]);
    await environment.close();
    await write;
    environment = await openEnvironment(directory);
    expect(await openLmdbTable(environment).get('p', 's')).toBeDefined();
  });

  it('takes keys up to the limit of LMDB and refuses longer ones', async () => {
    const table = openLmdbTable(environment);
    const longest = 's'.repeat(1978 - 2 - 1);
    await table.write([{ put: { partition: 'p', sort: longest, data: {} } }]);
    expect((await table.query('p', { prefix: longest })).rows).toHaveLength(1);
    expect((await table.query('p', { after: longest })).rows).toHaveLength(0);
    const tooLong = { code: 'invalid_request', data: { bytes: 1979 } };
    await expect(table.get('p', `${longest}s`)).rejects.toMatchObject(tooLong);
  });

  it('has every acknowledged write, and no half of one, after a kill', async () => {
    const child = start('write-rows.ts', directory);
    await child.printed(200);
    await child.kill();
    const table = openLmdbTable(environment);
    environment.refresh();
    const sorts = async (partition: string) => {
      const { rows } = await table.query(partition, { limit: 1_000_000 });
      for (const { sort, data } of rows) expect(data.text).toBe(sort.repeat(1000));
      return rows.map(({ sort }) => sort);
    };
    const left = await sorts('left');
    expect(child.lines.length).toBeGreaterThanOrEqual(200);
    expect(left).toEqual(expect.arrayContaining(child.lines));
    expect(await sorts('right')).toEqual(left);
    await table.write([{ put: { partition: 'left', sort: 'after the kill', data: {} } }]);
  });
});

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', tmpdir()], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!canMount())('a full disk', () => {
  it('is storage_full in both stores, spoils nothing, and lets deletions through', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'blockrag-full-'));
    const child = startOnSmallDisk('fill-disk.ts', directory);
    expect(await child.ended).toBe(0);
    await rm(directory, { recursive: true });
    expect(child.lines).toEqual([
      'blob storage_full',
      'temporary files 0',
      'large false',
      'rows storage_full',
      'atomic storage_full',
      'before before 1000',
      'readable true',
      'deleted true',
      'closed',
    ]);
  });
});
