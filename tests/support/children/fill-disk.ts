/** Fills its small disk through both stores; prints what each refused with, and what still holds then. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openFsBlobStore } from '../../../shared/storage/blobs/fs.ts';
import { openEnvironment } from '../../../shared/storage/lmdb/environment.ts';
import { openLmdbTable } from '../../../shared/storage/table/lmdb.ts';

const directory = process.argv[2]!;
const say = (line: string) => process.stdout.write(`${line}\n`);
const codeOf = (error: { code?: string }) => error.code;
process.on('unhandledRejection', () => say('unhandled rejection'));

const environment = await openEnvironment(join(directory, 'lmdb'));
const table = openLmdbTable(environment);
const store = await openFsBlobStore(join(directory, 'blobs'));
const put = (sort: string) => table.write([{ put: { partition: 'p', sort, data: { sort } } }]);
await put('before');
await store.put('before', new Uint8Array(1000));

say(`blob ${await store.put('large', new Uint8Array(4 << 20)).catch(codeOf)}`);
say(`temporary files ${(await readdir(join(directory, 'blobs/.tmp'))).length}`);
say(`large ${await store.has('large')}`);

const rows = Array.from({ length: 40 }, (_, i) => {
  return { put: { partition: 'p', sort: `row ${i}`, data: { bytes: new Uint8Array(100_000) } } };
});
const together = await Promise.all(rows.map((row) => table.write([row]).catch(codeOf)));
say(`rows ${[...new Set(together)].filter(Boolean)}`);
say(`atomic ${await table.write(rows).catch(codeOf)}`);
say(`before ${(await table.get('p', 'before'))?.data.sort} ${(await store.get('before'))?.length}`);
say(
  `readable ${(await table.query('p')).rows.every(({ sort }) => sort.startsWith('row') || sort === 'before')}`,
);

await store.delete('before');
await table.write([{ delete: { partition: 'p', sort: 'before' } }]);
say(`deleted ${(await table.get('p', 'before')) === undefined}`);
await environment.close();
say('closed');
