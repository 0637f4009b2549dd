/** The catalog's rows about tenants. */
import type { Table } from '../storage/ports.ts';
import { allRows, mark } from '../storage/table/rows.ts';

const TENANTS = 'tenants';

export const tenantRow = (tenant: string) => mark(TENANTS, tenant);

export class Tenants {
  #table: Table;
  /** Tenants whose row is known to be there: it is never removed. */
  #known = new Set<string>();

  constructor(table: Table) {
    this.#table = table;
  }

  /** Every tenant that has, or had, documents, sorted. */
  async all(): Promise<string[]> {
    return (await allRows(this.#table, TENANTS)).map(({ sort }) => sort);
  }

  /** Whether its row is there: written with every document, it would make their transactions collide. */
  async has(tenant: string): Promise<boolean> {
    if (this.#known.has(tenant)) return true;
    const known = (await this.#table.get(TENANTS, tenant)) !== undefined;
    if (known) this.#known.add(tenant);
    return known;
  }
}
