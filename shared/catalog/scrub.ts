/** Overwrites what deleted rows have left on the disk, if there were any. */
import type { Table } from '../storage/ports.ts';
import { deleteUnchanged } from '../storage/table/conflicts.ts';
import { mark } from '../storage/table/rows.ts';

/** Says that text was deleted whose bytes may still be on the disk; put with each such deletion. */
export const SCRUB_DUE = mark('data', 'scrub');

/** Overwrites what deleted rows have left; nothing to do when none were deleted since the last time. */
export async function scrubIfDue(table: Table): Promise<void> {
  const due = await table.get(SCRUB_DUE.partition, SCRUB_DUE.sort);
  if (due === undefined) return;
  // What was deleted meanwhile has marked it again.
  if (await table.scrub()) await deleteUnchanged(table, due);
}
