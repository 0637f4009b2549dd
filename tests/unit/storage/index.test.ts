import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  openCachedBlobStore,
  openFsBlobStore,
  openLanceIndex,
  openLmdbTable,
  openTableQueue,
} from '../../../shared/storage/index.ts';
import { start } from '../../support/children/start.ts';

it('loads no package before a driver is opened, and then that driver is', async () => {
  const imported = start('import-entry.ts');
  expect(await imported.ended).toBe(0);
  expect(imported.lines).toEqual([]);
  const opened = start('import-entry.ts', 'open');
  expect(await opened.ended).toBe(0);
  expect(opened.lines).toContain('@aws-sdk/client-s3');
});

it('opens the embedded drivers of a directory', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'blockrag-entry-'));
  const blobs = await openCachedBlobStore(await openFsBlobStore(join(directory, 'blobs')), {
    limit: 1000,
    folder: directory,
  });
  await blobs.put('kv/a', new Uint8Array(3));
  expect(await blobs.get('kv/a')).toEqual(new Uint8Array(3));
  const table = await openLmdbTable(join(directory, 'table'));
  const queue = await openTableQueue(table, 'work');
  await queue.send([{ id: 'a', body: {} }]);
  expect(await queue.counts()).toEqual({ waiting: 1, leased: 0, dead: 0 });
  const index = await openLanceIndex(join(directory, 'index'));
  await index.close();
  await queue.close();
  await table.close();
  await expect(table.get('p', 's')).rejects.toMatchObject({ code: 'shutting_down' });
  await blobs.close();
  await rm(directory, { recursive: true });
});
