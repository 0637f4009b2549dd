/** The table of keys and limits, opened without a model: for commands of those who run the system. */
import { existsSync } from 'node:fs';
import { BlockragError } from '../../shared/errors.ts';
import type { Table } from '../../shared/storage/ports.ts';
import { openLmdbTable } from '../../shared/storage/table/lmdb.ts';
import { openDataDirectory } from '../../shared/stores/embedded.ts';
import { toConfig } from './config.ts';
import type { CommonOptions } from './options.ts';

export interface AccessTableOptions extends CommonOptions {
  /** A table in DynamoDB instead of a data directory. */
  table?: string;
}

/**
 * Opens the table that the options name, and closes it afterwards.
 * @param create whether a data directory that is not there is made; else it is an error
 * @throws BlockragError `invalid_option`, `storage_failed`, and what `use` throws
 */
export async function withAccessTable<T>(
  options: AccessTableOptions,
  create: boolean,
  use: (table: Table) => Promise<T>,
): Promise<T> {
  if (options.table !== undefined) return withDynamoTable(options.table, use);
  const { data, stores } = toConfig(options);
  if (stores !== undefined) {
    const { parseAwsStores } = await import('../../shared/stores/aws.ts');
    return withDynamoTable(parseAwsStores(stores).table, use);
  }
  if (!create && !existsSync(data)) {
    throw new BlockragError(
      'invalid_option',
      `There is no data directory ${data}: name another with --data.`,
    );
  }
  const environment = await openDataDirectory(data);
  const table = openLmdbTable(environment);
  try {
    return await use(table);
  } finally {
    await table.close();
    await environment.close();
  }
}

async function withDynamoTable<T>(name: string, use: (table: Table) => Promise<T>): Promise<T> {
  const { openDynamoTable } = await import('../../shared/storage/table/dynamodb.ts');
  const table = openDynamoTable({ table: name });
  try {
    return await use(table);
  } finally {
    await table.close();
  }
}
