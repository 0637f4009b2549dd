/**
 * blockrag keys add, list, revoke: who may use the API. The keys lie in the data directory: whoever can write
 * there (on AWS: to the table of the catalog) needs no key to make one. A running server sees the changes: a revoked key within 5 seconds.
 */

import { KeyRing } from '../../../shared/access/keys.ts';
import { viewKey } from '../../../shared/api/views/key.ts';
import { BlockragError } from '../../../shared/errors.ts';
import { DEFAULT_TENANT } from '../../../shared/pipeline/defaults.ts';
import { type AccessTableOptions, withAccessTable } from '../access-table.ts';
import { toConfig } from '../config.ts';
import { createStores } from '../stores.ts';
import { plain, print, printJson } from '../terminal.ts';

export type KeyOptions = AccessTableOptions;

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

function withKeys<T>(options: KeyOptions, create: boolean, use: (keys: KeyRing) => Promise<T>): Promise<T> {
  return withAccessTable(options, create, (table) => use(new KeyRing(table)));
}
