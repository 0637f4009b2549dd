/** The catalog's rows about collections. */
import { createHash } from 'node:crypto';
import type { Row, Table } from '../storage/ports.ts';
import { deleteUnchanged } from '../storage/table/conflicts.ts';
import { allRows } from '../storage/table/rows.ts';

const collectionsOf = (tenant: string) => `collections/${tenant}`;

/** Names of collections are longer than keys may be. */
export const hashOf = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, 32);

export function collectionRow(tenant: string, name: string) {
  return { partition: collectionsOf(tenant), sort: hashOf(name), data: { name } };
}

export class Collections {
  #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** The row of a collection; its revision grows with every document that is added. */
  get(tenant: string, name: string): Promise<Row | undefined> {
    return this.#table.get(collectionsOf(tenant), hashOf(name));
  }

  async has(tenant: string, name: string): Promise<boolean> {
    return (await this.get(tenant, name)) !== undefined;
  }

  /** The names of a tenant's collections, sorted. */
  async names(tenant: string): Promise<string[]> {
    const rows = await allRows(this.#table, collectionsOf(tenant));
    return rows.map(({ data }) => data.name as string).sort();
  }

  /** Forgets a collection that was read, unless a document was added since. */
  async forget(row: Row): Promise<void> {
    await deleteUnchanged(this.#table, row);
  }
}
