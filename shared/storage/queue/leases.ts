/** Leases of a work queue in a table: what names one, and what becomes of those whose holder is no more. */
import { BlockragError } from '../../errors.ts';
import type { Table } from '../ports.ts';
import { tryWrite } from '../table/conflicts.ts';
import { rowsOf } from '../table/rows.ts';
import { allShardsOf, change, type ItemName, itemOf } from './table-rows.ts';

/** The error of an item whose lease ran out. */
export const LEASE_RAN_OUT = 'It was not finished in time, or the process that worked on it died.';

/** The name of one delivery: the stamp tells items of one id apart, the delivery's number those of one item. */
export function receiptOf({ group, stamp, id }: ItemName, delivery: number): string {
  return `${stamp}.${delivery}.${group}/${id}`;
}

/** @throws BlockragError `invalid_request` */
export function parseReceipt(receipt: string): { name: ItemName; delivery: number } {
  const [, stamp, delivery, group, id] = /^(\d+)\.(\d+)\.([^/]*)\/(.+)$/s.exec(receipt) ?? [];
  if (group === undefined || id === undefined) {
    throw new BlockragError('invalid_request', 'This is not a receipt of a work queue.');
  }
  return { name: { group, stamp: Number(stamp), id }, delivery: Number(delivery) };
}

/**
 * Lets every lease of a queue run out now. For a queue that one process consumes, when it opens it: the process that
 * held them was killed. That counts as a failure of those items, as any lease that runs out does; otherwise work
 * that kills its process would come back for ever. Never call it on a table that other processes share: their work
 * would be done twice.
 */
export async function releaseLeases(table: Table, name: string): Promise<void> {
  for (const partition of allShardsOf(name)) {
    for await (const row of rowsOf(table, partition)) {
      const item = itemOf(row);
      if (item.leased) await tryWrite(table, change(row, { ...item, due: 0 }));
    }
  }
}
