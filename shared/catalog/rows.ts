/** Reading and deleting rows in numbers. */
import { isBlockragError } from '../errors.ts';
import type { Row, RowData, Table } from '../storage/ports.ts';

/** Operations of one write at most; see Table.write. */
const MAX_OPERATIONS = 100;

/** Every row of a partition whose sort key starts with `prefix`, in order, page by page. */
export async function* rowsOf(table: Table, partition: string, prefix = ''): AsyncGenerator<Row> {
  let after: string | undefined;
  do {
    const page = await table.query(partition, { prefix, ...(after === undefined ? {} : { after }) });
    yield* page.rows;
    after = page.next;
  } while (after !== undefined);
}

/** The same, all at once. */
export async function allRows(table: Table, partition: string, prefix = ''): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of rowsOf(table, partition, prefix)) rows.push(row);
  return rows;
}

/** Deletes rows without conditions; not atomic, safe to repeat. */
export async function deleteRows(
  table: Table,
  keys: readonly { partition: string; sort: string }[],
): Promise<void> {
  for (let at = 0; at < keys.length; at += MAX_OPERATIONS) {
    await table.write(keys.slice(at, at + MAX_OPERATIONS).map((key) => ({ delete: key })));
  }
}

/** Deletes a row that was read, unless it was changed since. */
export async function deleteUnchanged(
  table: Table,
  { partition, sort, revision }: Pick<Row, 'partition' | 'sort' | 'revision'>,
): Promise<void> {
  try {
    await table.write([{ delete: { partition, sort }, condition: { revision } }]);
  } catch (error) {
    if (!isBlockragError(error, 'conflict')) throw error;
  }
}

/** A row to put that says nothing but that it is there. */
export function mark(partition: string, sort: string): { partition: string; sort: string; data: RowData } {
  return { partition, sort, data: {} };
}
