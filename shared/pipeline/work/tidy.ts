/** Upkeep after other work: the index, the KV budget, and erasing deleted text. The rest is the sweep's. */
import { scrubIfDue } from '../../catalog/scrub.ts';
import type { Table } from '../../storage/ports.ts';
import type { Services } from '../services.ts';

interface UpkeepOptions {
  /** Breaks the index's upkeep off; the next one goes on from there. */
  signal?: AbortSignal;
}

/** The index's upkeep, where that is due, and the budget. */
export async function tidy(
  { index, budget }: Pick<Services, 'index' | 'budget'>,
  { signal }: UpkeepOptions = {},
): Promise<void> {
  await index.optimize({ ifDue: true, signal });
  await budget.enforce();
}

/** What erasing works with. */
export type EraseServices = Pick<Services, 'index'> & { catalog: { table: Table } };

/** Overwrites what deletions have left of a text on the disk. */
export async function erase(
  { index, catalog }: EraseServices,
  { signal }: UpkeepOptions = {},
): Promise<void> {
  await index.optimize({ signal });
  await scrubIfDue(catalog.table);
}
