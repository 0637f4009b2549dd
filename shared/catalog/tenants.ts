/** The catalog's rows about who stores what where: the settings of the whole, tenants, and their collections. */
import { createHash } from 'node:crypto';
import type { Row, RowData } from '../storage/ports.ts';
import { PassageCatalog } from './passages.ts';
import { allRows, mark } from './rows.ts';

const collectionsOf = (tenant: string) => `collections/${tenant}`;

/** Names of collections are longer than keys may be. */
export const hashOf = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, 32);

export const tenantRow = (tenant: string) => mark('tenants', tenant);

export function collectionRow(tenant: string, name: string) {
  return { partition: collectionsOf(tenant), sort: hashOf(name), data: { name } };
}

export class TenantCatalog extends PassageCatalog {
  /** Tenants whose row is known to be there: it is never removed. */
  #tenants = new Set<string>();

  async settings(): Promise<RowData | undefined> {
    return (await this.table.get('data', 'settings'))?.data;
  }

  async putSettings(settings: RowData): Promise<void> {
    await this.table.putMany([{ partition: 'data', sort: 'settings', data: settings }]);
  }

  /** Every tenant that has, or had, documents, sorted. */
  async tenants(): Promise<string[]> {
    return (await allRows(this.table, 'tenants')).map(({ sort }) => sort);
  }

  /** The row of a collection; its revision grows with every document that is added. */
  collection(tenant: string, name: string): Promise<Row | undefined> {
    return this.table.get(collectionsOf(tenant), hashOf(name));
  }

  async hasCollection(tenant: string, name: string): Promise<boolean> {
    return (await this.collection(tenant, name)) !== undefined;
  }

  /** The names of a tenant's collections, sorted. */
  async collections(tenant: string): Promise<string[]> {
    const rows = await allRows(this.table, collectionsOf(tenant));
    return rows.map(({ data }) => data.name as string).sort();
  }

  /** Whether its row is there: written with every document, it would make their transactions collide. */
  protected async hasTenant(tenant: string): Promise<boolean> {
    if (this.#tenants.has(tenant)) return true;
    const known = (await this.table.get('tenants', tenant)) !== undefined;
    if (known) this.#tenants.add(tenant);
    return known;
  }
}
