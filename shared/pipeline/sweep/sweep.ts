/**
 * The sweep: sends work again that killed processes left undone, removes what they left behind and what has expired,
 * and compacts the index. It can run beside any number of workers and other sweeps.
 */
import { removeExpiredRequests } from '../intake/idempotency.ts';
import { removeExpiredUploads } from '../intake/uploads.ts';
import type { Services } from '../services.ts';
import { buryDead, resendWork } from '../work/recover.ts';
import { requeueOutdated } from '../work/requeue.ts';
import { erase, tidy } from '../work/tidy.ts';
import { sweepDeletions, sweepObjects, sweepStates } from './blobs.ts';
import {
  NOTHING,
  type Position,
  passOf,
  type SweepCounts,
  type SweepOptions,
  type SweepPass,
} from './pass.ts';
import { sweepCharges, sweepOriginals } from './versions.ts';

export type { SweepOptions } from './pass.ts';

/** What a sweep works with. */
export type SweepServices = Pick<
  Services,
  | 'access'
  | 'blobs'
  | 'budget'
  | 'catalog'
  | 'fingerprint'
  | 'index'
  | 'logger'
  | 'maxDocumentBytes'
  | 'metrics'
  | 'queue'
>;

/** Anything younger is left alone: another process may still be using it, or need it again soon. */
export const SWEEP_GRACE_MS = 3_600_000;

export interface SweepReport extends SweepCounts {
  /** False when it was stopped: the next one goes on from there. */
  complete: boolean;
}

const POSITION = { partition: 'data', sort: 'sweep' };

/** In this order: what a step retires or sends is the worker's, later. */
const STEPS: { name: string; run: (services: SweepServices, pass: SweepPass) => Promise<void> }[] = [
  { name: 'dead', run: async (services, pass) => pass.count('dead', await buryDead(services)) },
  { name: 'outdated', run: sweepOutdated },
  { name: 'unfinished', run: sweepUnfinished },
  { name: 'deletions', run: sweepDeletions },
  { name: 'states', run: sweepStates },
  { name: 'objects', run: sweepObjects },
  { name: 'originals', run: sweepOriginals },
  { name: 'charges', run: sweepCharges },
  { name: 'expired', run: sweepExpired },
  { name: 'erase', run: erase },
  { name: 'tidy', run: tidy },
];

/**
 * Sweeps once. A step that fails does not keep the others from being done.
 * @returns how many of each kind
 * @throws the error of the first step that failed, in the end
 */
export async function sweep(services: SweepServices, options: SweepOptions): Promise<SweepReport> {
  const { table } = services.catalog;
  const { signal } = options;
  const counts = { ...NOTHING };
  const stopped = (await table.get(POSITION.partition, POSITION.sort))?.data as Position | undefined;
  const first = STEPS.findIndex(({ name }) => name === stopped?.step);
  const failures: unknown[] = [];
  let position: Position | undefined;
  for (const { name, run } of STEPS.slice(Math.max(first, 0))) {
    position = { step: name, after: (name === stopped?.step && stopped?.after) || '' };
    try {
      signal.throwIfAborted();
      await run(services, passOf(services, options, position, counts));
    } catch (error) {
      if (signal.aborted) break;
      services.logger.error({ err: error, step: name }, 'a step of the sweep failed');
      failures.push(error);
    }
    position = undefined;
  }
  if (position !== undefined) await table.putMany([{ ...POSITION, data: position }]);
  else if (stopped !== undefined) await table.write([{ delete: POSITION }]);
  const report = { ...counts, complete: position === undefined };
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
