/**
 * A token bucket in whole numbers, shared by instances as one row. Times are milliseconds since the epoch.
 *
 * A request costs `window` (the policy's window in ms), and every ms adds `limit`: so the bucket holds `limit`
 * requests when it is full and fills in one window, without fractions that would drift.
 *
 * To save writes, an instance may draw several requests in advance. An advance is void at the end of the time slot in
 * which it was drawn. Until then the level is lowered so far that level and advances together never exceed a full
 * bucket. So at most limit + rate * t requests pass in any time t, however many instances there are.
 */
import { BlockragError } from '../errors.ts';

/** `limit` requests at once, and as many again in each window, continuously. */
export interface RatePolicy {
  /** Names the bucket: policies of one name share one bucket for each tenant. */
  name: string;
  limit: number;
  windowSeconds: number;
}

/** @throws BlockragError `invalid_option` for an invalid policy */
export function checkPolicy({ name, limit, windowSeconds }: RatePolicy): void {
  const whole = [limit, windowSeconds].every((value) => Number.isInteger(value) && value >= 1);
  if (whole && limit * windowSeconds * 1000 <= Number.MAX_SAFE_INTEGER) return;
  const message = `The rate limit ${name} must be whole numbers, 1 or more, of requests and of seconds.`;
  throw new BlockragError('invalid_option', message);
}

export interface Bucket {
  /** Cost units in the bucket at the time `at`. */
  level: number;
  at: number;
  /** Length of the window that the level is meant for, ms. */
  window: number;
  /** Beginning of the slot of the latest advance, and the requests drawn in advance in it. */
  slot: number;
  advanced: number;
}

const LONGEST_SLOT_MS = 1000;
/** Slots in a window at least: advances and what is lowered for them are a fifth of a full bucket at most. */
const SLOTS = 10;

const windowOf = ({ windowSeconds }: RatePolicy) => windowSeconds * 1000;
const slotLength = (window: number) => Math.min(LONGEST_SLOT_MS, window / SLOTS);

/** Beginning and end of the slot that a time lies in. */
export function slotAt(policy: RatePolicy, time: number): { begin: number; end: number } {
  const length = slotLength(windowOf(policy));
  const begin = time - (time % length);
  return { begin, end: begin + length };
}

export function fullBucket(policy: RatePolicy, now: number): Bucket {
  const window = windowOf(policy);
  return { level: policy.limit * window, at: now, window, slot: 0, advanced: 0 };
}

/** The bucket as time has filled it. A clock that is behind the last writer's fills nothing. */
export function fill(bucket: Bucket, policy: RatePolicy, now: number): Bucket {
  const window = windowOf(policy);
  // A policy that was changed meanwhile: the requests in the bucket stay.
  const level = bucket.window === window ? bucket.level : requestsIn(bucket) * window;
  const filled = level + policy.limit * Math.max(0, now - bucket.at);
  return {
    ...bucket,
    window,
    level: Math.min(policy.limit * window, filled),
    at: Math.max(bucket.at, now),
  };
}

/** Whole requests that the bucket holds. */
export function requestsIn({ level, window }: Bucket): number {
  return Math.floor(level / window);
}

/** Milliseconds until the bucket holds one whole request more; 0 when it is full. */
export function untilNext(bucket: Bucket, { limit }: RatePolicy): number {
  const missing = (requestsIn(bucket) + 1) * bucket.window - bucket.level;
  return bucket.level >= limit * bucket.window ? 0 : Math.ceil(missing / limit);
}

/**
 * Draws up to `wanted` requests for now, and up to `advance` for the rest of the slot, of what was filled up to
 * now. Advances leave others half of what is there.
 */
export function draw(
  bucket: Bucket,
  policy: RatePolicy,
  { wanted, advance }: { wanted: number; advance: number },
): { bucket: Bucket; granted: number; advanced: number } {
  const { window, at } = bucket;
  const granted = Math.min(wanted, requestsIn(bucket));
  const level = bucket.level - granted * window;
  const { begin, end } = slotAt(policy, at);
  const already = bucket.slot === begin ? bucket.advanced : 0;
  const room = Math.floor((policy.limit * (end - begin)) / window) - already;
  const advanced = Math.max(0, Math.min(advance, room, Math.floor(level / window / 2)));
  if (advanced === 0) return { bucket: { ...bucket, level }, granted, advanced };
  const out = already + advanced;
  const safe = policy.limit * window - out * window - policy.limit * (end - at);
  const lowered = Math.min(level - advanced * window, safe);
  return { bucket: { level: lowered, at, window, slot: begin, advanced: out }, granted, advanced };
}
