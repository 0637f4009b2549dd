import { Bell } from '../../bell.ts';
import { BlockragError } from '../../errors.ts';
import type { Lease, QueuedItem, Row, RowData, Table, WorkQueue, WriteOperation } from '../ports.ts';
import { tryWrite } from '../table/conflicts.ts';
import { rowsOf } from '../table/rows.ts';
import { utf8 } from '../utf8.ts';
import { LEASE_RAN_OUT, parseReceipt, receiptOf } from './leases.ts';
import {
  addition,
  allShardsOf,
  burial,
  change,
  type DeadItem,
  deadPartition,
  type Item,
  idKey,
  itemKey,
  itemOf,
  nameOf,
  removal,
} from './table-rows.ts';
import { deliverable } from './turns.ts';

const DEFAULT_MAX_ATTEMPTS = 5;
const MAX_ID_BYTES = 1000;
const GROUP = /^[A-Za-z0-9._-]{1,100}$/;
const ITEMS_PER_WRITE = 33;
const ITEMS_PER_PAGE = 500;
// How many younger items of each shard a consumer looks at, to have others to turn to when it loses a race.
const LOOK_AHEAD = 20;
const FIRST_POLL_MS = 50;
const LONGEST_POLL_MS = 2000;

/** A work queue in a Table for the consumers of any number of processes. */
class TableQueue implements WorkQueue {
  #table: Table;
  #name: string;
  #maxAttempts: number;
  #closed = false;
  #bell = new Bell();
  #lastStamp = 0;
  /** The group that had its turn last. */
  #lastGroup = '';

  constructor(table: Table, name: string, maxAttempts: number) {
    this.#table = table;
    this.#name = name;
    this.#maxAttempts = maxAttempts;
  }

  async send(items: readonly QueuedItem[]): Promise<void> {
    const known = new Map<string, QueuedItem>();
    for (const item of items) {
      checkItem(item);
      if (!known.has(item.id)) known.set(item.id, item);
    }
    const distinct = [...known.values()];
    for (let start = 0; start < distinct.length; start += ITEMS_PER_WRITE) {
      await this.#add(distinct.slice(start, start + ITEMS_PER_WRITE));
      this.#bell.ring();
    }
  }

  async receive(options: {
    max: number;
    leaseMs: number;
    waitMs: number;
    signal?: AbortSignal;
  }): Promise<Lease[]> {
    const { max, leaseMs, signal } = options;
    const deadline = Date.now() + options.waitMs;
    let pause = FIRST_POLL_MS;
    while (!signal?.aborted && !this.#closed) {
      const { rows, nextDue } = await deliverable(this.#table, this.#name, {
        max,
        ahead: LOOK_AHEAD,
        lastGroup: this.#lastGroup,
      });
      const leases = await this.#claimSome(rows, max, leaseMs);
      const last = leases.at(-1);
      if (last !== undefined) this.#lastGroup = parseReceipt(last.receipt).name.group || this.#lastGroup;
      if (signal?.aborted) return await this.#putBack(leases);
      if (leases.length > 0) return leases;
      // What others have taken meanwhile says nothing of what else there is: look again at once.
      if (rows.length > 0) continue;
      if (deadline <= Date.now()) return [];
      // Other processes cannot ring the bell: look again, less and less often, and not all at the same time.
      const poll = Date.now() + pause * (0.5 + Math.random() / 2);
      await this.#bell.wait(Math.min(deadline, nextDue, poll), signal);
      pause = Math.min(pause * 2, LONGEST_POLL_MS);
    }
    return [];
  }

  extend(receipt: string, leaseMs: number): Promise<boolean> {
    return this.#withLease(receipt, (row, item) => change(row, { ...item, due: Date.now() + leaseMs }));
  }

  done(receipt: string): Promise<boolean> {
    return this.#withLease(receipt, (row) => removal(this.#name, row));
  }

  retry(receipt: string, { delayMs, error }: { delayMs: number; error: string }): Promise<boolean> {
    return this.#withLease(receipt, (row, item) => {
      if (item.attempt >= this.#maxAttempts) return burial(this.#name, row, { body: item.body, error });
      return change(row, { ...item, leased: false, due: delayMs > 0 ? Date.now() + delayMs : 0, error });
    });
  }

  release(receipt: string): Promise<boolean> {
    return this.#withLease(receipt, (row, item) =>
      change(row, { ...item, leased: false, due: 0, attempt: item.attempt - 1 }),
    );
  }

  async discard(id: string): Promise<boolean> {
    checkItem({ id });
    const dead = { partition: deadPartition(this.#name), sort: id };
    return tryWrite(this.#table, [{ delete: dead, condition: 'present' }]);
  }

  async counts(): Promise<{ waiting: number; leased: number; dead: number }> {
    const counts = { waiting: 0, leased: 0, dead: 0 };
    for (const partition of allShardsOf(this.#name)) {
      for await (const row of rowsOf(this.#table, partition)) {
        const item = itemOf(row);
        if (item.leased && item.due > Date.now()) counts.leased++;
        else if (this.#isExhausted(item)) await this.#bury(row, item);
        else counts.waiting++;
      }
    }
    counts.dead = (await this.dead()).length;
    return counts;
  }

  async backlog(most: number): Promise<number> {
    let count = 0;
    for (const partition of allShardsOf(this.#name)) {
      if (count >= most) break;
      for await (const _ of rowsOf(this.#table, partition, {
        limit: Math.min(most - count, ITEMS_PER_PAGE),
      })) {
        if (++count >= most) break;
      }
    }
    return count;
  }

  async dead(): Promise<{ id: string; body: RowData; error: string }[]> {
    const dead = [];
    for await (const { sort, data } of rowsOf(this.#table, deadPartition(this.#name))) {
      dead.push({ id: sort, ...(data as unknown as DeadItem) });
    }
    return dead;
  }

  /** Ends the waiting of receivers. The table is closed by the caller that opened it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#bell.ring();
  }

  async #add(items: readonly QueuedItem[]): Promise<void> {
    for (;;) {
      const known = await this.#table.getMany(items.map(({ id }) => idKey(this.#name, id)));
      const fresh = items.filter((_, i) => known[i] === undefined);
      const write = fresh.flatMap(({ id, body, group = '' }) =>
        addition(this.#name, { group, stamp: this.#nextStamp(), id }, body),
      );
      if (await tryWrite(this.#table, write)) return;
    }
  }

  /** Microseconds of the clock, each given once by this process: what it sends is in order. */
  #nextStamp(): number {
    this.#lastStamp = Math.max(Date.now() * 1000, this.#lastStamp + 1);
    return this.#lastStamp;
  }

  /** Takes the first; where others were faster any that is left, since the next is what they try too. */
  async #claimSome(rows: readonly Row[], max: number, leaseMs: number): Promise<Lease[]> {
    const rest = rows.slice(max);
    const leases: Lease[] = [];
    let candidates = rows.slice(0, max);
    while (candidates.length > 0) {
      const claims = await Promise.allSettled(candidates.map((row) => this.#claim(row, leaseMs)));
      leases.push(...claims.flatMap((claim) => (claim.status === 'fulfilled' ? (claim.value ?? []) : [])));
      const failure = claims.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
      // What is in hand by now is worked on: thrown away, it would lie until the leases run out.
      if (failure !== undefined && leases.length === 0) throw failure.reason;
      if (failure !== undefined) break;
      const missing = Math.min(max - leases.length, rest.length);
      candidates = Array.from({ length: missing }, () => {
        return rest.splice(Math.floor(Math.random() * rest.length), 1)[0]!;
      });
    }
    return leases;
  }

  async #claim(row: Row, leaseMs: number): Promise<Lease | undefined> {
    const item = itemOf(row);
    if (this.#isExhausted(item)) {
      await this.#bury(row, item);
      return undefined;
    }
    const attempt = item.attempt + 1;
    const deliveries = item.deliveries + 1;
    const error = item.leased ? LEASE_RAN_OUT : item.error;
    const leased = { ...item, error, attempt, deliveries, leased: true, due: Date.now() + leaseMs };
    if (!(await tryWrite(this.#table, change(row, leased)))) return undefined;
    const name = nameOf(row);
    const receipt = receiptOf(name, deliveries);
    return { id: name.id, body: item.body, attempt, ranOut: error === LEASE_RAN_OUT, receipt };
  }

  /** Undoes deliveries that nobody waits for any more. */
  async #putBack(leases: readonly Lease[]): Promise<Lease[]> {
    for (const { receipt } of leases) await this.release(receipt);
    return [];
  }

  #isExhausted(item: Item): boolean {
    return item.leased && item.due <= Date.now() && item.attempt >= this.#maxAttempts;
  }

  async #bury(row: Row, { body }: Item): Promise<void> {
    await tryWrite(this.#table, burial(this.#name, row, { body, error: LEASE_RAN_OUT }));
  }

  async #withLease(receipt: string, work: (row: Row, item: Item) => WriteOperation[]): Promise<boolean> {
    const { name, delivery } = parseReceipt(receipt);
    const { partition, sort } = itemKey(this.#name, name);
    for (;;) {
      const row = await this.#table.get(partition, sort);
      const item = row && itemOf(row);
      if (!item?.leased || item.deliveries !== delivery || item.due <= Date.now()) return false;
      if (await tryWrite(this.#table, work(row!, item))) break;
    }
    this.#bell.ring();
    return true;
  }
}

function checkItem({ id, group }: Pick<QueuedItem, 'id' | 'group'>): void {
  if (id === '' || utf8(id).length + (group?.length ?? 0) > MAX_ID_BYTES) {
    const message = `The id of a work item has 1 to ${MAX_ID_BYTES} bytes, its group included.`;
    throw new BlockragError('invalid_request', message);
  }
  if (group === undefined || GROUP.test(group)) return;
  const message = 'The group of a work item has 1 to 100 of A-Z, a-z, 0-9, ".", "_" and "-".';
  throw new BlockragError('invalid_request', message);
}

/**
 * Opens the work queue of that name in a table: consumers in any number of processes share it, each taking items
 * by a conditional write. A body has at most 100 KB. Leases are by the clocks of the consumers, which must agree to a fraction of a lease.
 * A dead item that is sent again starts afresh. `counts` reads shard after shard: an item that is added in one while
 * another is finished in the next may be missed. `dead` and `counts` may miss one whose last lease ran out until
 * `counts` or a receiver has come across it. A consumer reads past all items in hand: keep those to some
 * thousands.
 *
 * @param options.maxAttempts deliveries before an item becomes dead; default 5
 * @example const queue = openTableQueue(openDynamoTable({ table: 'blockrag-prod' }), 'work')
 */
export function openTableQueue(
  table: Table,
  name: string,
  options: { maxAttempts?: number } = {},
): WorkQueue {
  return new TableQueue(table, name, options.maxAttempts ?? DEFAULT_MAX_ATTEMPTS);
}
