import { describe, it } from 'vitest';
import type { ContractCase } from '../../shared/storage/contracts/case.ts';

/** Runs the cases of a contract suite as tests. */
export function describeContract(name: string, cases: readonly ContractCase[]): void {
  describe(name, () => {
    for (const { name: what, run } of cases) it(what, run);
  });
}
