/** A real LMDB table in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEnvironment } from '../../shared/storage/lmdb/environment.ts';
import type { Table } from '../../shared/storage/ports.ts';
import { openLmdbTable } from '../../shared/storage/table/lmdb.ts';

export interface CatalogTable {
  directory: string;
  table: Table;
  /** Writes that were tried since it was opened. */
  writes(): number;
  dispose(): Promise<void>;
}

export async function openCatalogTable(): Promise<CatalogTable> {
  const directory = mkdtempSync(join(tmpdir(), 'blockrag-access-'));
  const environment = await openEnvironment(directory);
  const table = openLmdbTable(environment);
  let writes = 0;
  const write = table.write.bind(table);
  table.write = (operations) => {
    writes++;
    return write(operations);
  };
  return {
    directory,
    table,
    writes: () => writes,
    async dispose() {
      await environment.close();
      rmSync(directory, { recursive: true });
    },
  };
}
