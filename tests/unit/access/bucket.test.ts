import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { draw, fill, fullBucket, requestsIn, slotAt, untilNext } from '../../../shared/access/bucket.ts';

const policies = fc.record({
  name: fc.constant('requests'),
  limit: fc.integer({ min: 1, max: 300 }),
  windowSeconds: fc.integer({ min: 1, max: 30 }),
});
const start = Date.UTC(2026, 0, 1);

describe('a bucket', () => {
  it('never lets more than the limit pass in any time, whenever advances are used while they are good', () => {
    const step = fc.record({
      wait: fc.oneof(fc.constant(0), fc.nat(120), fc.nat(3000)),
      wanted: fc.oneof(fc.nat(5), fc.nat(400)),
      advance: fc.oneof(fc.nat(5), fc.nat(400)),
      use: fc.boolean(),
    });
    const property = fc.property(policies, fc.array(step, { maxLength: 40 }), (policy, steps) => {
      let now = start;
      let bucket = fullBucket(policy, now);
      let spare: { requests: number; end: number }[] = [];
      const passed: { at: number; requests: number }[] = [];
      const useSpare = (at: number) => {
        const good = spare.filter(({ end }) => at < end);
        passed.push({ at, requests: good.reduce((sum, { requests }) => sum + requests, 0) });
        spare = [];
      };
      for (const { wait, wanted, advance, use } of steps) {
        // The worst moment for what is drawn in advance is just before it is void.
        const { end } = slotAt(policy, now);
        if (use && now + wait >= end) useSpare(end - 1);
        now += wait;
        const drawn = draw(fill(bucket, policy, now), policy, { wanted, advance });
        bucket = drawn.bucket;
        expect(bucket.level).toBeGreaterThanOrEqual(0);
        expect(Number.isInteger(bucket.level)).toBe(true);
        passed.push({ at: now, requests: drawn.granted });
        spare.push({ requests: drawn.advanced, end: slotAt(policy, now).end });
        if (use && wait % 2 === 0) useSpare(now);
      }
      for (let from = 0; from < passed.length; from++) {
        let sum = 0;
        for (const { at, requests } of passed.slice(from)) {
          sum += requests;
          const ms = at - passed[from]!.at;
          expect(sum * policy.windowSeconds * 1000).toBeLessThanOrEqual(
            policy.limit * (policy.windowSeconds * 1000 + ms),
          );
        }
      }
    });
    fc.assert(property, { numRuns: 400 });
  });

  it('holds the next request exactly when it says so', () => {
    const property = fc.property(policies, fc.nat(400), fc.nat(5000), (policy, wanted, wait) => {
      const drawn = draw(fullBucket(policy, start), policy, { wanted, advance: 0 }).bucket;
      const bucket = fill(drawn, policy, start + wait);
      const ms = untilNext(bucket, policy);
      if (requestsIn(bucket) === policy.limit) expect(ms).toBe(0);
      else {
        const next = requestsIn(bucket) + 1;
        expect(requestsIn(fill(bucket, policy, bucket.at + ms))).toBe(next);
        expect(requestsIn(fill(bucket, policy, bucket.at + ms - 1))).toBe(next - 1);
      }
    });
    fc.assert(property);
  });

  it('is not filled by a clock that is behind', () => {
    const policy = { name: 'requests', limit: 10, windowSeconds: 10 };
    const { bucket } = draw(fullBucket(policy, start), policy, { wanted: 10, advance: 0 });
    expect(fill(bucket, policy, start - 60_000)).toEqual(bucket);
    expect(requestsIn(fill(fill(bucket, policy, start - 60_000), policy, start + 1000))).toBe(1);
  });
});
