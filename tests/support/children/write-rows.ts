/** Writes pairs of rows until it is killed, and prints the number of each pair that is acknowledged. */
import { openEnvironment } from '../../../shared/storage/lmdb/environment.ts';
import { openLmdbTable } from '../../../shared/storage/table/lmdb.ts';

const table = openLmdbTable(await openEnvironment(process.argv[2]!));
let next = 0;
async function write(): Promise<never> {
  for (;;) {
    const sort = String(next++);
    const data = { text: sort.repeat(1000) };
    await table.write([
      { put: { partition: 'left', sort, data }, condition: 'absent' },
      { put: { partition: 'right', sort, data }, condition: 'absent' },
    ]);
    process.stdout.write(`${sort}\n`);
  }
}
await Promise.all(Array.from({ length: 8 }, write));
