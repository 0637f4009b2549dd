/**
 * Work after the work: the index compacted where that is due, deleted text overwritten, the budget kept. The rest is
 * the sweep's.
 */
import type { Services } from './services.ts';

export async function tidy({ index, catalog, budget }: Services): Promise<void> {
  await index.optimize({ ifDue: true });
  await catalog.scrub();
  await budget.enforce();
}
