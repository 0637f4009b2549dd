/** The state of a sweep under way: its counts, its position, and when it must stop. */
import type { Catalog } from '../../catalog/catalog.ts';

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
  /** Original bytes that no document knew of, and that were put into quarantine. */
  originals: number;
  /** Original bytes that came back from there, because a document knows of them again. */
  restored: number;
  /** Original bytes that were deleted after their time in quarantine. */
  expired: number;
  /** Quota charges of versions that no document knew of. */
  charges: number;
  /** Passages that the index lacked, and that are put into it again. */
  unindexed: number;
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
  /** Whether an operator wants the catalog as it is, whatever it does not know of. */
  adopted: boolean;
  /** Counts of originals, which go on where the sweep before was stopped. */
  looked: Looked;
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

/** Originals that were looked at, and those of them that no document knew of. */
export type Looked = { all: number; unknown: number };

/** Where a sweep is, or was stopped: a step, the last key or tenant that is done, and what was counted up to there. */
export type Position = { step: string; after: string; looked: Looked };

/** Counts to begin with. */
export const NOTHING: SweepCounts = {
  dead: 0,
  outdated: 0,
  unfinished: 0,
  deletions: 0,
  versions: 0,
  marked: 0,
  blobs: 0,
  objects: 0,
  originals: 0,
  restored: 0,
  expired: 0,
  charges: 0,
  unindexed: 0,
};

/** The pass of one step; how far it comes is noted in `position`. */
export function passOf(
  { catalog }: { catalog: Pick<Catalog, 'tenants'> },
  { graceMs, signal, now = Date.now, adopted }: SweepOptions & { adopted: boolean },
  position: Position,
  counts: SweepCounts,
): SweepPass {
  const { after, looked } = position;
  return {
    graceMs,
    signal,
    now,
    adopted,
    looked,
    after: after === '' ? undefined : after,
    reached: (key) => {
      position.after = key;
      signal.throwIfAborted();
    },
    rest: async function* (listing) {
      for await (const entry of listing) if (entry.key > after) yield entry;
    },
    tenants: async () => (await catalog.tenants.all()).filter((tenant) => tenant > after),
    count: (kind, more = 1) => {
      counts[kind] += more;
    },
  };
}
