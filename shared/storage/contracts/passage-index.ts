/** What every driver of the passage index does. */
import { type ContractCase, casesOn } from './case.ts';
import { CHANGING } from './passage-index-changing.ts';
import { FINDING } from './passage-index-finding.ts';
import type { IndexPlace, OpenedIndex } from './passages.ts';

/**
 * The contract of a PassageIndex. Each case gets a place of its own.
 *
 * @example
 * for (const { name, run } of passageIndexContract(prepare)) test(name, run);
 */
export function passageIndexContract(prepare: () => Promise<IndexPlace>): ContractCase[] {
  const open = async (): Promise<OpenedIndex> => {
    const place = await prepare();
    return { place, index: await place.open() };
  };
  return casesOn(open, closed, { ...FINDING, ...CHANGING });
}

async function closed({ place, index }: OpenedIndex): Promise<void> {
  await index.close();
  await place.close?.();
}
