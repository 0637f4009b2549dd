/** Reading and deleting rows in numbers. */
import { createHash } from 'node:crypto';
import type { Row, RowData, Table } from '../ports.ts';
import { MAX_OPERATIONS } from './requests.ts';

export interface RowsOptions {
  /** Only rows whose sort key starts with it. */
  prefix?: string;
  /** Rows of a page. */
  limit?: number;
}

/** Which of so many places something has whose writes are spread: always the same one for an id. */
export function shardOf(id: string, shards: number): number {
  return createHash('sha256').update(id).digest()[0]! % shards;
}

/** Every row of a partition in the order of the sort keys, read page by page. */
export async function* rowsOf(
  table: Table,
  partition: string,
  options: RowsOptions = {},
): AsyncGenerator<Row> {
  let after: string | undefined;
  do {
    const page = await table.query(partition, { ...options, ...(after === undefined ? {} : { after }) });
    yield* page.rows;
    after = page.next;
  } while (after !== undefined);
}

/** The same, all at once. */
export async function allRows(table: Table, partition: string, options: RowsOptions = {}): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of rowsOf(table, partition, options)) rows.push(row);
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

/** A row to put that says nothing but that it is there. */
export function mark(partition: string, sort: string): { partition: string; sort: string; data: RowData } {
  return { partition, sort, data: {} };
}
