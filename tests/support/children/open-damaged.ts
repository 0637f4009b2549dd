/** Opens and uses each database below a directory, and prints what came of it; damaged ones must not end it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openEnvironment } from '../../../shared/storage/lmdb/environment.ts';
import { openLmdbTable } from '../../../shared/storage/table/lmdb.ts';

const root = process.argv[2]!;
const codeOf = (error: { code?: string }) => error.code ?? 'an error without a code';

/** Reads all rows, and has pages moved, freed and taken again. */
async function use(directory: string): Promise<string> {
  const environment = await openEnvironment(directory);
  try {
    const table = openLmdbTable(environment);
    for (const partition of ['p0', 'p1', 'p2']) {
      const { rows } = await table.query(partition, { limit: 1000 });
      await table.write(rows.slice(0, 30).map(({ sort }) => ({ delete: { partition, sort } })));
      const more = Array.from({ length: 60 }, (_, n) => ({
        sort: String(n),
        data: { text: 'y'.repeat(n * 60) },
      }));
      await table.putMany(more.map((row) => ({ partition, ...row })));
    }
    return 'usable';
  } finally {
    await environment.close();
  }
}

for (const name of readdirSync(root).sort()) {
  const result = await use(join(root, name)).catch(codeOf);
  process.stdout.write(`${name} ${result}\n`);
}
