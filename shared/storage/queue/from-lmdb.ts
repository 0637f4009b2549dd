/**
 * The embedded work queue once had an LMDB database of its own. What an older version has left in it is moved, once.
 *
 * key                             value
 * "I" ID                          the item
 * "R", "T", "L" or "D" DUE SEQ    the id, by where the item is: ready, delayed, leased or dead
 * "C"                             the last sequence number
 */
import type { Environment } from '../lmdb/environment.ts';
import type { RowData, Table, WorkQueue } from '../ports.ts';
import { deadPartition } from './table-rows.ts';

const ITEMS = { start: Buffer.from('I'), end: Buffer.from('J') };

/** What is needed of an item as it lies there. */
interface LmdbItem {
  body: RowData;
  /** Age: less is older. */
  sequence: number;
  place: 'ready' | 'delayed' | 'leased' | 'dead';
  /** Of the last failure, or ''. */
  error: string;
}

/**
 * Moves the items of the LMDB queue of that name into the queue of the same name in a table: live ones in their
 * order, with their attempts counted afresh, dead ones as dead. Cut short, it is done again at the next opening, so
 * call it before anything is taken from the queue, and in one process only.
 * @returns how many were moved
 * @throws BlockragError `storage_full`, `storage_failed`
 */
export async function moveLmdbQueue(
  environment: Environment,
  name: string,
  { table, queue }: { table: Table; queue: WorkQueue },
): Promise<number> {
  const database = environment.database<unknown>(`queue:${name}`);
  const entries = environment.read(() => [...database.getRange(ITEMS)]);
  const items = entries
    .map(({ key, value }) => ({ id: (key as Buffer).toString('utf8', 1), ...(value as LmdbItem) }))
    .sort((a, b) => a.sequence - b.sequence);
  if (items.length === 0) return 0;
  await queue.send(items.filter(({ place }) => place !== 'dead').map(({ id, body }) => ({ id, body })));
  const dead = items.filter(({ place }) => place === 'dead');
  await table.putMany(
    dead.map(({ id, body, error }) => ({ partition: deadPartition(name), sort: id, data: { body, error } })),
  );
  await environment.write(() => database.clearSync());
  return items.length;
}
