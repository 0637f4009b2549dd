/**
 * Rate limits of tenants that hold across instances.
 *
 * partition     sort  row
 * rates/TENANT  NAME  the bucket of a policy (bucket.ts)
 */
import { setImmediate } from 'node:timers/promises';
import { BoundedMap } from '../bounded.ts';
import type { Table } from '../storage/ports.ts';
import { ifUnchanged, untilNoConflict } from '../storage/table/conflicts.ts';
import { allRows, deleteRows } from '../storage/table/rows.ts';
import {
  type Bucket,
  checkPolicy,
  draw,
  fill,
  fullBucket,
  type RatePolicy,
  requestsIn,
  slotAt,
  untilNext,
} from './bucket.ts';

/**
 * What becomes of a request, with the values of the fields of draft-ietf-httpapi-ratelimit-headers-10:
 * `RateLimit-Policy: "NAME";q=limit;w=windowSeconds`, `RateLimit: "NAME";r=remaining;t=resetSeconds`, and for one
 * that is refused (429) `Retry-After: retryAfterSeconds`.
 */
export interface RateDecision {
  allowed: boolean;
  /** Requests in a full bucket. */
  limit: number;
  windowSeconds: number;
  /** Requests left, as far as this instance knows: others may have drawn some since. */
  remaining: number;
  /** Whole seconds until there is one more (the draft's `t`); 0 when nothing is missing. */
  resetSeconds: number;
  /** Whole seconds until it is worth asking again; 0 for an allowed request. */
  retryAfterSeconds: number;
}

/** One bucket, as this instance sees it. */
interface View {
  /** As it was last read or written. Only others draw from it meanwhile, so it never holds more than it says. */
  bucket?: Bucket;
  /** Requests drawn in advance, and when they become void. */
  spare: number;
  end: number;
  /** Requests granted in the slot that begins at `slot`, and in the one before. */
  slot: number;
  granted: number;
  before: number;
  waiting: { resolve(decision: RateDecision): void; reject(error: unknown): void }[];
  drawing: boolean;
}

const MAX_VIEWS = 10_000;
const ratesOf = (tenant: string) => `rates/${tenant}`;

/**
 * Token buckets in the catalog. In any time t at most limit * (1 + t / window) requests of a tenant are allowed by
 * all instances together, as far as their clocks agree. Requests that come at once are drawn in one write, and an
 * instance that gets many in one second draws some of the next second's in advance.
 * A refusal writes nothing, and reads nothing until there is something to draw again.
 *
 * @example
 * const decision = await limiter.take(tenant, { name: 'requests', limit: 600, windowSeconds: 60 });
 */
export class RateLimiter {
  #table: Table;
  #now: () => number;
  #views = new BoundedMap<string, View>(MAX_VIEWS);

  /** @param options.now the clock, milliseconds since the epoch */
  constructor(table: Table, options: { now?: () => number } = {}) {
    this.#table = table;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Asks for one request.
   * @throws BlockragError `invalid_option` for an invalid policy, `overloaded` when too many instances draw
   */
  async take(tenant: string, policy: RatePolicy): Promise<RateDecision> {
    checkPolicy(policy);
    const view = this.#viewOf(tenant, policy);
    const now = this.#now();
    if (takeSpare(view, 1, now) === 1) {
      count(view, policy, now, 1);
      return decide(view, policy, now, true);
    }
    if (view.bucket !== undefined && requestsIn(fill(view.bucket, policy, now)) === 0) {
      return decide(view, policy, now, false);
    }
    return new Promise((resolve, reject) => {
      view.waiting.push({ resolve, reject });
      if (!view.drawing) void this.#serve(view, tenant, policy);
    });
  }

  /** Forgets what a tenant has asked. */
  async forget(tenant: string): Promise<void> {
    await deleteRows(this.#table, await allRows(this.#table, ratesOf(tenant)));
  }

  #viewOf(tenant: string, { name }: RatePolicy): View {
    const key = `${tenant}/${name}`;
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    const view: View = { spare: 0, end: 0, slot: 0, granted: 0, before: 0, waiting: [], drawing: false };
    // A view that makes room takes its spare requests with it: none is allowed twice.
    this.#views.set(key, view);
    return view;
  }

  /** Answers those who wait, and those who come meanwhile, with one write for each round. */
  async #serve(view: View, tenant: string, policy: RatePolicy): Promise<void> {
    view.drawing = true;
    while (view.waiting.length > 0) {
      // Those who come in the same turn of the event loop share a write.
      await setImmediate();
      const round = view.waiting.splice(0);
      try {
        const granted = await this.#draw(view, tenant, policy, round.length);
        const now = this.#now();
        for (const [index, { resolve }] of round.entries()) {
          resolve(decide(view, policy, now, index < granted));
        }
      } catch (error) {
        for (const { reject } of round) reject(error);
      }
    }
    view.drawing = false;
  }

  async #draw(view: View, tenant: string, policy: RatePolicy, asked: number): Promise<number> {
    const spare = takeSpare(view, asked, this.#now());
    const wanted = asked - spare;
    const granted = wanted === 0 ? 0 : await this.#drawFromRow(view, tenant, policy, wanted);
    count(view, policy, this.#now(), spare + granted);
    return spare + granted;
  }

  #drawFromRow(view: View, tenant: string, policy: RatePolicy, wanted: number): Promise<number> {
    const key = { partition: ratesOf(tenant), sort: policy.name };
    return untilNoConflict(async () => {
      const now = this.#now();
      const row = await this.#table.get(key.partition, key.sort);
      const stored = row === undefined ? fullBucket(policy, now) : (row.data as unknown as Bucket);
      const filled = fill(stored, policy, now);
      // Slots of a clock that is behind would end too late.
      const advance = filled.at > now ? 0 : demand(view, policy, now);
      const { bucket, granted, advanced } = draw(filled, policy, { wanted, advance });
      if (granted > 0) {
        await this.#table.write([{ put: { ...key, data: { ...bucket } }, condition: ifUnchanged(row) }]);
      }
      view.bucket = bucket;
      view.spare = advanced;
      view.end = slotAt(policy, bucket.at).end;
      return granted;
    });
  }
}

/** Takes requests that were drawn in advance, while they are good. */
function takeSpare(view: View, asked: number, now: number): number {
  if (now >= view.end) view.spare = 0;
  const taken = Math.min(asked, view.spare);
  view.spare -= taken;
  return taken;
}

/** Counts what is granted slot by slot. */
function count(view: View, policy: RatePolicy, now: number, granted: number): void {
  const { begin, end } = slotAt(policy, now);
  if (view.slot !== begin) {
    view.before = view.slot === begin - (end - begin) ? view.granted : 0;
    view.granted = 0;
    view.slot = begin;
  }
  view.granted += granted;
}

/** Requests to expect in the rest of a slot: as many again, or what the slot before had more. */
function demand(view: View, policy: RatePolicy, now: number): number {
  count(view, policy, now, 0);
  // A burst after a silence foretells nothing: what would be drawn in advance others may want.
  if (view.before === 0) return 0;
  return Math.max(view.granted, view.before - view.granted);
}

function decide(view: View, policy: RatePolicy, now: number, allowed: boolean): RateDecision {
  const bucket = fill(view.bucket ?? fullBucket(policy, now), policy, now);
  // The bucket's own clock may be ahead of ours.
  const seconds = Math.ceil((bucket.at - now + untilNext(bucket, policy)) / 1000);
  return {
    allowed,
    limit: policy.limit,
    windowSeconds: policy.windowSeconds,
    remaining: requestsIn(bucket) + view.spare,
    resetSeconds: seconds,
    retryAfterSeconds: allowed ? 0 : Math.max(1, seconds),
  };
}
