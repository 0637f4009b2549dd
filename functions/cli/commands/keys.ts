/**
 * blockrag keys add, list, revoke: who may use the API. The keys lie in the data directory: whoever can write
 * there (on AWS: to the table of the catalog) needs no key to make one. A running server sees the changes: a revoked key within 5 seconds.
 */

import { existsSync } from 'node:fs';
import { KeyRing } from '../../../shared/access/keys.ts';
import { viewKey } from '../../../shared/api/views/key.ts';
import { BlockragError } from '../../../shared/errors.ts';
import { DEFAULT_TENANT } from '../../../shared/pipeline/defaults.ts';
import { openLmdbTable } from '../../../shared/storage/table/lmdb.ts';
import { openDataDirectory } from '../../../shared/stores/embedded.ts';
import { toConfig } from '../config.ts';
import type { CommonOptions } from '../options.ts';
import { createStores } from '../stores.ts';
import { plain, print, printJson } from '../terminal.ts';

export interface KeyOptions extends CommonOptions {
  /** A table in DynamoDB instead of a data directory. */
  table?: string;
}

export interface AddKeyOptions extends KeyOptions {
  tenant?: string;
  name: string;
  scope: string;
  /** Makes a bucket and a table that are missing. */
  createStores?: boolean;
}

export interface ListKeysOptions extends KeyOptions {
  tenant?: string;
}

export async function addKey(options: AddKeyOptions): Promise<number> {
  const { tenant = DEFAULT_TENANT, name } = options;
  const scopes = options.scope.split(',').map((scope) => scope.trim());
  if (options.createStores === true) await createStores(toConfig(options));
  const { key, row } = await withKeys(options, true, (keys) => keys.add({ tenant, name, scopes }));
  if (options.json) printJson({ ...viewKey(row), key });
  else {
    print(`${row.id}  ${row.tenant}  ${plain(row.name)}  ${row.scopes.join(',')}`);
    print(`\n  ${key}\n\nThe key is shown this once: only its hash is stored.`);
  }
  return 0;
}

export async function listKeys(options: ListKeysOptions): Promise<number> {
  const rows = await withKeys(options, false, (keys) => keys.list(options.tenant));
  if (options.json) printJson({ keys: rows.map(viewKey) });
  else if (rows.length === 0) print('No keys. Make one: blockrag keys add --name NAME');
  else {
    for (const { id, tenant, name, scopes, revoked } of rows) {
      print(`${id}  ${tenant}  ${plain(name)}  ${scopes.join(',')}${revoked === null ? '' : '  (revoked)'}`);
    }
  }
  return 0;
}

export async function revokeKey(id: string, options: KeyOptions): Promise<number> {
  const found = await withKeys(options, false, (keys) => keys.revoke(id));
  if (!found) throw new BlockragError('not_found', `There is no key ${id}: "blockrag keys list" shows them.`);
  if (options.json) printJson({ revoked: id });
  else print(`revoked  ${id}`);
  return 0;
}

/** @param create whether a data directory that is not there is made; else it is an error */
async function withKeys<T>(
  options: KeyOptions,
  create: boolean,
  use: (keys: KeyRing) => Promise<T>,
): Promise<T> {
  if (options.table !== undefined) return withTableKeys(options.table, use);
  const { data, stores } = toConfig(options);
  if (stores !== undefined) {
    const { parseAwsStores } = await import('../../../shared/stores/aws.ts');
    return withTableKeys(parseAwsStores(stores).table, use);
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
    return await use(new KeyRing(table));
  } finally {
    await table.close();
    await environment.close();
  }
}

async function withTableKeys<T>(name: string, use: (keys: KeyRing) => Promise<T>): Promise<T> {
  const { openDynamoTable } = await import('../../../shared/storage/table/dynamodb.ts');
  const table = openDynamoTable({ table: name });
  try {
    return await use(new KeyRing(table));
  } finally {
    await table.close();
  }
}
