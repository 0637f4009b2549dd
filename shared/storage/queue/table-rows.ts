/**
 * How a work queue is stored in a Table. A lease is a field of the item, so taking an item and extending its lease are
 * single writes, and an item whose lease runs out keeps its place among the oldest.
 *
 * partition                 sort             row
 * queue/NAME/items/SHARD    STAMP/ID         an item without a group that waits or is in hand
 * queue/NAME/groups/SHARD   GROUP/STAMP/ID   the same of a group
 * queue/NAME/ids/ID         id               that there is one of this id
 * queue/NAME/dead           ID               an item that failed too often
 */
import type { Row, RowData, WriteOperation } from '../ports.ts';
import { ifUnchanged } from '../table/conflicts.ts';
import { shardOf } from '../table/rows.ts';

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

/** What an item's key is made of. */
export interface ItemName {
  /** '' where it has none. */
  group: string;
  /** What the items of a group are ordered by, less is older. */
  stamp: number;
  id: string;
}

/** The partitions of a queue's items: of those without a group, and of the others. They share the load. */
export function shardsOf(queue: string): { items: string[]; groups: string[] } {
  const of = (kind: string) =>
    Array.from({ length: SHARDS }, (_, shard) => `queue/${queue}/${kind}/${shard}`);
  return { items: of('items'), groups: of('groups') };
}

/** All of them. */
export function allShardsOf(queue: string): string[] {
  return Object.values(shardsOf(queue)).flat();
}

export function deadPartition(queue: string): string {
  return `queue/${queue}/dead`;
}

/** The row that says that there is an item of this id. */
export function idKey(queue: string, id: string): { partition: string; sort: string } {
  return { partition: `queue/${queue}/ids/${id}`, sort: 'id' };
}

export function itemKey(queue: string, { group, stamp, id }: ItemName): { partition: string; sort: string } {
  const shard = shardOf(id, SHARDS);
  const { items, groups } = shardsOf(queue);
  const sort = `${String(stamp).padStart(STAMP_DIGITS, '0')}/${id}`;
  if (group === '') return { partition: items[shard]!, sort };
  return { partition: groups[shard]!, sort: `${group}/${sort}` };
}

export function nameOf({ partition, sort }: Pick<Row, 'partition' | 'sort'>): ItemName {
  const grouped = partition.split('/').at(-2) === 'groups';
  const at = grouped ? sort.indexOf('/') + 1 : 0;
  return {
    group: sort.slice(0, Math.max(at - 1, 0)),
    stamp: Number(sort.slice(at, at + STAMP_DIGITS)),
    id: sort.slice(at + STAMP_DIGITS + 1),
  };
}

export function itemOf({ data }: Row): Item {
  return data as unknown as Item;
}

/** Adds an item: three operations, of which the first fails when the id is there already. */
export function addition(queue: string, name: ItemName, body: RowData): WriteOperation[] {
  const { id } = name;
  const item: Item = { body, attempt: 0, deliveries: 0, leased: false, due: 0, error: '' };
  return [
    { put: { ...idKey(queue, id), data: {} }, condition: 'absent' },
    { put: { ...itemKey(queue, name), data: { ...item } } },
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
  return [
    { delete: { partition, sort }, condition: ifUnchanged(row) },
    { delete: idKey(queue, nameOf(row).id) },
  ];
}

/** Sets an item aside as dead, unless it was changed since it was read. */
export function burial(queue: string, row: Row, dead: DeadItem): WriteOperation[] {
  const sort = nameOf(row).id;
  return [...removal(queue, row), { put: { partition: deadPartition(queue), sort, data: { ...dead } } }];
}
