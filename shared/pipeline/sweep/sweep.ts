/**
 * The sweep: what killed processes have left is sent again or removed, what is over is removed, the index is
 * compacted. It is safe beside any number of workers and other sweeps.
 */
import type { RowData } from '../../storage/ports.ts';
import { removeExpiredRequests } from '../intake/idempotency.ts';
import { removeExpiredUploads } from '../intake/uploads.ts';
import type { Services } from '../services.ts';
import { requeueOutdated } from '../settings.ts';
import { buryDead, resendWork } from '../work/recover.ts';
import { erase, tidy } from '../work/tidy.ts';
import { sweepDeletions, sweepObjects, sweepStates } from './blobs.ts';
import { sweepCharges, sweepOriginals } from './versions.ts';

/** What is younger may still be in somebody's hands, or be wanted again soon. */
export const SWEEP_GRACE_MS = 3_600_000;
/** The sweep as work of an embedded worker. */
export const SWEEP_ITEM: { id: string; body: RowData } = { id: 'sweep', body: { kind: 'sweep' } };

export interface SweepCounts {
  /** Work items that had failed too often. */
  dead: number;
  /** Documents that were made with other settings, and are made again. */
  outdated: number;
  /** Documents whose work was sent, unless it was in the queue. */
  unfinished: number;
  /** Deletions of blobs whose deleter had died. */
  deletions: number;
  /** Versions that nobody knew of but that used blobs. */
  versions: number;
  /** Blobs that were found unused, and are deleted after the grace period. */
  marked: number;
  /** Unused blobs that were deleted. */
  blobs: number;
  /** Objects of the store without a row that were deleted. */
  objects: number;
  /** Original bytes that no document knew of. */
  originals: number;
  /** Quota charges of versions that no document knew of. */
  charges: number;
}

export interface SweepReport extends SweepCounts {
  /** False when it was stopped: the next one goes on from there. */
  complete: boolean;
}

export interface SweepOptions {
  /** Milliseconds; what was stored or changed later is left alone. */
  graceMs: number;
  /** Stops it soon, at a place from which the next sweep goes on. */
  signal: AbortSignal;
  /** The clock, milliseconds since the epoch. */
  now?: () => number;
}

/** What one step of a sweep works with. */
export interface SweepPass {
  graceMs: number;
  signal: AbortSignal;
  now: () => number;
  /** Where the step before was stopped; undefined: at the beginning. */
  after: string | undefined;
  /** Notes that all up to there is done. @throws the signal's reason when the sweep is to stop */
  reached(position: string): void;
  /** What of a listing in the order of its keys is still to be done. */
  rest<T extends { key: string }>(listing: AsyncIterable<T>): AsyncIterable<T>;
  /** The tenants that are still to be done. */
  tenants(): Promise<string[]>;
  count(kind: keyof SweepCounts, more?: number): void;
}

const POSITION = { partition: 'data', sort: 'sweep' };

/** In this order: what a step retires or sends is the worker's, later. */
const STEPS: { name: string; run: (services: Services, pass: SweepPass) => Promise<void> }[] = [
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
export async function sweep(services: Services, options: SweepOptions): Promise<SweepReport> {
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

type Position = { step: string; after: string };

const NOTHING: SweepCounts = {
  dead: 0,
  outdated: 0,
  unfinished: 0,
  deletions: 0,
  versions: 0,
  marked: 0,
  blobs: 0,
  objects: 0,
  originals: 0,
  charges: 0,
};

function passOf(
  { catalog }: Services,
  { graceMs, signal, now = Date.now }: SweepOptions,
  position: Position,
  counts: SweepCounts,
): SweepPass {
  const { after } = position;
  return {
    graceMs,
    signal,
    now,
    after: after === '' ? undefined : after,
    reached: (key) => {
      position.after = key;
      signal.throwIfAborted();
    },
    rest: async function* (listing) {
      for await (const entry of listing) if (entry.key > after) yield entry;
    },
    tenants: async () => (await catalog.tenants()).filter((tenant) => tenant > after),
    count: (kind, more = 1) => {
      counts[kind] += more;
    },
  };
}

async function sweepOutdated(services: Services, pass: SweepPass): Promise<void> {
  for (const tenant of await pass.tenants()) {
    pass.count('outdated', await requeueOutdated(services, tenant, pass.signal));
    pass.reached(tenant);
  }
}

async function sweepUnfinished(services: Services, pass: SweepPass): Promise<void> {
  const { signal } = pass;
  for (const tenant of await pass.tenants()) {
    const waiting = await resendWork(services, tenant, { before: pass.now() - pass.graceMs, signal });
    pass.count('unfinished', waiting);
    pass.reached(tenant);
  }
}

async function sweepExpired({ catalog }: Services, { now }: SweepPass): Promise<void> {
  await removeExpiredRequests(catalog.table, now());
  await removeExpiredUploads(catalog.table, now());
}
