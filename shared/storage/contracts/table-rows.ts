/** How the cases of the table's contract write and read rows. */
import type { Row, RowData, Table } from '../ports.ts';

/** A table that is empty when it is opened. */
export interface OpenedTable {
  table: Table;
  /** Removes what the table was kept in, after it was closed. */
  close?: () => Promise<void>;
}

export const put = (table: Table, partition: string, sort: string, data: RowData = {}) =>
  table.write([{ put: { partition, sort, data } }]);

export async function everyRow(
  table: Table,
  partition: string,
  options: { prefix?: string; limit?: number } = {},
): Promise<Row[]> {
  const rows: Row[] = [];
  let after: string | undefined;
  do {
    const page = await table.query(partition, { ...options, ...(after === undefined ? {} : { after }) });
    rows.push(...page.rows);
    after = page.next;
  } while (after !== undefined);
  return rows;
}

export const sorts = async (table: Table, partition: string, options = {}) =>
  (await everyRow(table, partition, options)).map(({ sort }) => sort);
