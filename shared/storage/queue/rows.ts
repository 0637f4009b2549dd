/**
 * How a queue is stored in LMDB: an item by its id, one index entry for its place, and the counter of
 * sequence numbers. An index entry's key is the place and the numbers that order it; its value is the id.
 */

import { BlockragError } from '../../errors.ts';
import type { NamedDatabase } from '../lmdb/environment.ts';
import type { RowData } from '../ports.ts';
import { utf8 } from '../utf8.ts';

/** The error of an item whose lease ran out. */
export const LEASE_RAN_OUT = 'It was not finished in time, or the process that worked on it died.';

/** Where an item is: deliverable, waiting for its time, in hand, or failed too often. */
export type Place = 'ready' | 'delayed' | 'leased' | 'dead';

export interface Item {
  body: RowData;
  /** Age: less is older. */
  sequence: number;
  /** Deliveries so far. */
  attempt: number;
  place: Place;
  /** When a delay or lease ends, ms since the epoch; 0 in the other places. */
  due: number;
  /** Of the last failure, or ''. */
  error: string;
}

/** Items by id, or ids by index key. */
export type QueueDatabase = NamedDatabase<Item | string | number>;

const MARK = { ready: 'R', delayed: 'T', leased: 'L', dead: 'D' } as const;
const COUNTER = Buffer.from('C');

/** Puts an item in its place, out of the one it was in. Within a transaction, as all that follows. */
export function putItem(database: QueueDatabase, id: string, item: Item): void {
  const before = findItem(database, id);
  if (before !== undefined) database.removeSync(indexKey(before));
  database.putSync(itemKey(id), item);
  database.putSync(indexKey(item), id);
}

/** Removes an item for good. */
export function removeItem(database: QueueDatabase, id: string, item: Item): void {
  database.removeSync(indexKey(item));
  database.removeSync(itemKey(id));
}

/** The next sequence number, never given again. */
export function nextSequence(database: QueueDatabase): number {
  const sequence = ((database.get(COUNTER) as number | undefined) ?? 0) + 1;
  database.putSync(COUNTER, sequence);
  return sequence;
}

export function findItem(database: QueueDatabase, id: string): Item | undefined {
  return database.get(itemKey(id)) as Item | undefined;
}

/** Ids in a place, in its order: oldest first; delayed and leased items by the time they come due. */
export function idsIn(
  database: QueueDatabase,
  where: Place,
  options: { dueBy?: number; limit?: number } = {},
): string[] {
  return Array.from(
    database.getRange({ ...rangeOf(where, options.dueBy), ...limitOf(options.limit) }),
    (entry) => String(entry.value),
  );
}

export function countIn(database: QueueDatabase, where: Place): number {
  return database.getKeysCount(rangeOf(where));
}

/** When the first item in that place comes due; undefined when there is none. */
export function firstDue(database: QueueDatabase, where: 'delayed' | 'leased'): number | undefined {
  for (const key of database.getKeys({ ...rangeOf(where), limit: 1 })) {
    return (key as Buffer).readDoubleBE(1);
  }
  return undefined;
}

function rangeOf(where: Place, dueBy = Number.POSITIVE_INFINITY): { start: Buffer; end: Buffer } {
  const mark = Buffer.from(MARK[where]);
  // A double above 0 is ordered by its bytes.
  const end = Buffer.concat([mark, double(dueBy), double(Number.POSITIVE_INFINITY)]);
  return { start: mark, end };
}

function indexKey({ place, due, sequence }: Item): Buffer {
  return Buffer.concat([Buffer.from(MARK[place]), double(due), double(sequence)]);
}

function itemKey(id: string): Buffer {
  return Buffer.concat([Buffer.from('I'), utf8(id)]);
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

function limitOf(limit: number | undefined): { limit?: number } {
  return limit === undefined ? {} : { limit };
}

/** The name of one delivery: the sequence number tells items of one id apart, the attempt its deliveries. */
export function receiptOf(id: string, sequence: number, attempt: number): string {
  return `${sequence}.${attempt}.${id}`;
}

/** @throws BlockragError `invalid_request` */
export function parseReceipt(receipt: string): { sequence: number; attempt: number; id: string } {
  const [, sequence, attempt, id] = /^(\d+)\.(\d+)\.(.+)$/s.exec(receipt) ?? [];
  if (id === undefined) throw new BlockragError('invalid_request', 'This is not a receipt of a work queue.');
  return { sequence: Number(sequence), attempt: Number(attempt), id };
}

/** @throws BlockragError `invalid_request` for an id that is empty, or longer than a queue's keys may be */
export function checkItemId(id: string, maxBytes: number): void {
  if (id !== '' && utf8(id).length <= maxBytes) return;
  throw new BlockragError('invalid_request', `The id of a work item has 1 to ${maxBytes} bytes.`);
}
