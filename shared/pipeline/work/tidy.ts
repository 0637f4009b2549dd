/** Work after the work. The rest is the sweep's. */
import type { RowData } from '../../storage/ports.ts';
import type { Services } from '../services.ts';

/** The work of tidying up, to be sent after each document. One item at most waits. */
export const TIDY_ITEM: { id: string; body: RowData } = { id: 'tidy', body: { kind: 'tidy' } };

/**
 * The work of erasing what was deleted, to be sent after each deletion. One item at most waits: the queue is first in,
 * first out, so it comes after all that is waiting now.
 */
export const ERASE_ITEM: { id: string; body: RowData } = { id: 'erase', body: { kind: 'erase' } };

/** The index's upkeep, where that is due, and the budget. */
export async function tidy({ index, budget }: Services): Promise<void> {
  await index.optimize({ ifDue: true });
  await budget.enforce();
}

/** Overwrites what deletions have left of a text on the disk. */
export async function erase({ index, catalog }: Services): Promise<void> {
  await index.optimize();
  await catalog.scrub();
}
