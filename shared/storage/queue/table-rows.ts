/**
 * How a work queue is stored in a Table. A lease is a field of the item, so taking an item and extending its lease are
 * single writes, and an item whose lease runs out keeps its place among the oldest.
 *
 * partition                sort        row
 * queue/NAME/items/SHARD   STAMP/ID    an item that waits or is in hand
 * queue/NAME/ids/ID        id          that there is one of this id
 * queue/NAME/dead          ID          an item that failed too often
 */
import { createHash } from 'node:crypto';
import type { Row, RowData, Table, WriteOperation } from '../ports.ts';
import { ifUnchanged } from '../table/conflicts.ts';
import { rowsOf } from '../table/rows.ts';

// Never change it: items in other shards would not be found. DynamoDB takes 1000 writes a second in each.
const SHARDS = 4;
const STAMP_DIGITS = 16;

/** What a row of an item holds. */
export interface Item {
  body: RowData;
  /** Deliveries so far that count. */
  attempt: number;
  /** Deliveries so far, those that were given back untouched as well: tells them apart. */
  deliveries: number;
  leased: boolean;
  /** When the lease or delay ends, ms since the epoch; 0 when deliverable. */
  due: number;
  /** Of the last failure, or ''. */
  error: string;
}

export interface DeadItem {
  body: RowData;
  error: string;
}

/** The partitions of a queue's items. They share the load. */
export function shardsOf(queue: string): string[] {
  return Array.from({ length: SHARDS }, (_, shard) => `queue/${queue}/items/${shard}`);
}

export function deadPartition(queue: string): string {
  return `queue/${queue}/dead`;
}

/** The row that says that there is an item of this id. */
export function idKey(queue: string, id: string): { partition: string; sort: string } {
  return { partition: `queue/${queue}/ids/${id}`, sort: 'id' };
}

/** @param stamp what items are ordered by, less is older */
export function itemKey(queue: string, stamp: number, id: string): { partition: string; sort: string } {
  const shard = createHash('sha256').update(id).digest()[0]! % SHARDS;
  return { partition: shardsOf(queue)[shard]!, sort: `${String(stamp).padStart(STAMP_DIGITS, '0')}/${id}` };
}

export function stampOf({ sort }: Row): number {
  return Number(sort.slice(0, STAMP_DIGITS));
}

export function idOf({ sort }: Row): string {
  return sort.slice(STAMP_DIGITS + 1);
}

export function itemOf({ data }: Row): Item {
  return data as unknown as Item;
}

/** Adds an item: three operations, of which the first fails when the id is there already. */
export function addition(queue: string, stamp: number, id: string, body: RowData): WriteOperation[] {
  const item: Item = { body, attempt: 0, deliveries: 0, leased: false, due: 0, error: '' };
  return [
    { put: { ...idKey(queue, id), data: {} }, condition: 'absent' },
    { put: { ...itemKey(queue, stamp, id), data: { ...item } } },
    { delete: { partition: deadPartition(queue), sort: id } },
  ];
}

/** Changes an item, unless it was changed since it was read. */
export function change(row: Row, item: Item): WriteOperation[] {
  const { partition, sort } = row;
  return [{ put: { partition, sort, data: { ...item } }, condition: ifUnchanged(row) }];
}

/** Removes an item, unless it was changed since it was read. */
export function removal(queue: string, row: Row): WriteOperation[] {
  const { partition, sort } = row;
  return [{ delete: { partition, sort }, condition: ifUnchanged(row) }, { delete: idKey(queue, idOf(row)) }];
}

/** Sets an item aside as dead, unless it was changed since it was read. */
export function burial(queue: string, row: Row, dead: DeadItem): WriteOperation[] {
  const sort = idOf(row);
  return [...removal(queue, row), { put: { partition: deadPartition(queue), sort, data: { ...dead } } }];
}

/**
 * What can be taken, oldest first: `enough` rows of each shard, or all that there are; and when the first of
 * the rows that it has passed over comes due, ms since the epoch.
 */
export async function deliverable(
  table: Table,
  queue: string,
  enough: number,
): Promise<{ rows: Row[]; nextDue: number }> {
  let nextDue = Number.POSITIVE_INFINITY;
  const inShard = async (partition: string) => {
    const rows: Row[] = [];
    for await (const row of rowsOf(table, partition, { limit: enough })) {
      const { due } = itemOf(row);
      if (due > Date.now()) nextDue = Math.min(nextDue, due);
      else if (rows.push(row) === enough) break;
    }
    return rows;
  };
  const rows = (await Promise.all(shardsOf(queue).map(inShard))).flat();
  return { rows: rows.sort((a, b) => stampOf(a) - stampOf(b)), nextDue };
}
