/**
 * The sweep: sends work again that killed processes left undone, removes what they left behind and what has expired,
 * and compacts the index. It can run beside any number of workers and other sweeps.
 */

import { isBlockragError } from '../../errors.ts';
import { removeExpiredRequests } from '../intake/idempotency.ts';
import { removeExpiredUploads } from '../intake/uploads.ts';
import { checkIndex } from '../reindex/reindex.ts';
import type { Services } from '../services.ts';
import { buryDead, resendWork } from '../work/recover.ts';
import { requeueOutdated } from '../work/requeue.ts';
import { erase, tidy } from '../work/tidy.ts';
import { sweepDeletions, sweepObjects, sweepStates } from './blobs.ts';
import { raiseEpoch, settleEpoch } from './epoch.ts';
import {
  NOTHING,
  type Position,
  passOf,
  type SweepCounts,
  type SweepOptions,
  type SweepPass,
} from './pass.ts';
import { lookAtOriginals, sweepOriginals, sweepQuarantine } from './quarantine.ts';
import { sweepCharges } from './versions.ts';

export type { SweepOptions } from './pass.ts';

/** What a sweep works with. */
export type SweepServices = Pick<
  Services,
  | 'access'
  | 'blobs'
  | 'budget'
  | 'catalog'
  | 'dtype'
  | 'embedder'
  | 'fingerprint'
  | 'index'
  | 'logger'
  | 'maxDocumentBytes'
  | 'metrics'
  | 'model'
  | 'quarantineMs'
  | 'queue'
  | 'template'
  | 'tokenizer'
>;

/** Anything younger is left alone: another process may still be using it, or need it again soon. */
export const SWEEP_GRACE_MS = 3_600_000;

export interface SweepReport extends SweepCounts {
  /** False when it was stopped: the next one goes on from there. */
  complete: boolean;
  /** True when the catalog is not that of the stores, and nothing was removed. */
  refused: boolean;
}

const POSITION = { partition: 'data', sort: 'sweep' };

/** In this order: what a step retires or sends is the worker's, later. */
const STEPS: {
  name: string;
  /** Whether it removes what the catalog does not know of: only for the catalog that the stores belong to. */
  removes?: true;
  run: (services: SweepServices, pass: SweepPass) => Promise<void>;
}[] = [
  { name: 'dead', run: async (services, pass) => pass.count('dead', await buryDead(services)) },
  { name: 'outdated', run: sweepOutdated },
  { name: 'unfinished', run: sweepUnfinished },
  { name: 'deletions', removes: true, run: sweepDeletions },
  { name: 'look', removes: true, run: lookAtOriginals },
  { name: 'originals', removes: true, run: sweepOriginals },
  { name: 'quarantine', removes: true, run: sweepQuarantine },
  { name: 'states', removes: true, run: sweepStates },
  { name: 'objects', removes: true, run: sweepObjects },
  { name: 'charges', removes: true, run: sweepCharges },
  { name: 'index', run: async (services, pass) => pass.count('unindexed', await checkIndex(services)) },
  { name: 'expired', run: sweepExpired },
  { name: 'erase', run: erase },
  { name: 'tidy', run: tidy },
];

/**
 * Sweeps once. A step that fails does not keep the others from being done. With a catalog that is not that of the
 * stores nothing is removed, which is logged as `catalog_mismatch`.
 * @returns how many of each kind
 * @throws the error of the first step that failed, in the end
 */
export async function sweep(services: SweepServices, options: SweepOptions): Promise<SweepReport> {
  const { table } = services.catalog;
  const { signal } = options;
  const counts = { ...NOTHING };
  const stopped = (await table.get(POSITION.partition, POSITION.sort))?.data as Partial<Position> | undefined;
  const first = STEPS.findIndex(({ name }) => name === stopped?.step);
  const looked = stopped?.looked ?? { all: 0, unknown: 0 };
  const failures: unknown[] = [];
  let refused = false;
  const refuse = (error: unknown): false => {
    if (!isBlockragError(error, 'catalog_mismatch')) throw error;
    refused = true;
    services.logger.error({ err: error, code: error.code }, 'the sweep removes nothing');
    return false;
  };
  const adopted = await raiseEpoch(services).catch(refuse);
  let position: Position | undefined;
  for (const { name, removes, run } of STEPS.slice(Math.max(first, 0))) {
    if (refused && removes) continue;
    position = { step: name, after: (name === stopped?.step && stopped?.after) || '', looked };
    try {
      signal.throwIfAborted();
      await run(services, passOf(services, { ...options, adopted }, position, counts)).catch(refuse);
    } catch (error) {
      if (signal.aborted) break;
      services.logger.error({ err: error, step: name }, 'a step of the sweep failed');
      failures.push(error);
    }
    position = undefined;
  }
  if (position !== undefined) await table.putMany([{ ...POSITION, data: position }]);
  else if (stopped !== undefined) await table.write([{ delete: POSITION }]);
  if (adopted && position === undefined && failures.length === 0) await settleEpoch(services);
  const report = { ...counts, complete: position === undefined, refused };
  services.logger.info(report, 'swept');
  if (failures.length > 0) throw failures[0];
  return report;
}

async function sweepOutdated(services: SweepServices, pass: SweepPass): Promise<void> {
  for (const tenant of await pass.tenants()) {
    pass.count('outdated', await requeueOutdated(services, tenant, pass.signal));
    pass.reached(tenant);
  }
}

async function sweepUnfinished(services: SweepServices, pass: SweepPass): Promise<void> {
  const { signal } = pass;
  for (const tenant of await pass.tenants()) {
    const waiting = await resendWork(services, tenant, { before: pass.now() - pass.graceMs, signal });
    pass.count('unfinished', waiting);
    pass.reached(tenant);
  }
}

async function sweepExpired({ catalog }: SweepServices, { now }: SweepPass): Promise<void> {
  await removeExpiredRequests(catalog.table, now());
  await removeExpiredUploads(catalog.table, now());
}
