import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RateLimiter } from '../../../shared/access/rate-limit.ts';
import { type CatalogTable, openCatalogTable } from '../../support/catalog-table.ts';

let opened: CatalogTable;
let now: number;
beforeEach(async () => {
  opened = await openCatalogTable();
  now = Date.UTC(2026, 0, 1);
});
afterEach(() => opened.dispose());

const instance = () => new RateLimiter(opened.table, { now: () => now });
const minute = { name: 'requests', limit: 60, windowSeconds: 60 };

async function burst(instances: RateLimiter[], count: number, policy = minute, tenant = 't') {
  const takes = Array.from({ length: count }, (_, n) =>
    instances[n % instances.length]!.take(tenant, policy),
  );
  return (await Promise.all(takes)).filter(({ allowed }) => allowed).length;
}

describe('a rate limit', () => {
  it('lets exactly its limit pass at once, over all instances', async () => {
    const instances = [instance(), instance(), instance()];
    expect(await burst(instances, 100)).toBe(60);
    expect(await burst(instances, 30)).toBe(0);
    now += 999;
    expect(await burst(instances, 30)).toBe(0);
    now += 1;
    expect(await burst(instances, 30)).toBe(1);
    now += 600_000;
    expect(await burst(instances, 100)).toBe(60);
  });

  it('says what is left, when there is more, and when to come back', async () => {
    const limiter = instance();
    const policy = { name: 'requests', limit: 2, windowSeconds: 10 };
    const facts = { limit: 2, windowSeconds: 10, retryAfterSeconds: 0 };
    const next = () => limiter.take('t', policy);
    expect(await next()).toEqual({ ...facts, allowed: true, remaining: 1, resetSeconds: 5 });
    now += 1500;
    expect(await next()).toEqual({ ...facts, allowed: true, remaining: 0, resetSeconds: 4 });
    now += 2400;
    const refused = await next();
    expect(refused).toEqual({
      ...facts,
      allowed: false,
      remaining: 0,
      resetSeconds: 2,
      retryAfterSeconds: 2,
    });
    now += refused.retryAfterSeconds * 1000;
    expect((await next()).allowed).toBe(true);
  });

  it('is each tenant’s and each policy’s own', async () => {
    const limiter = instance();
    expect(await burst([limiter], 70)).toBe(60);
    expect(await burst([limiter], 70, minute, 'u')).toBe(60);
    expect(await burst([limiter], 20, { name: 'uploads', limit: 5, windowSeconds: 60 })).toBe(5);
  });

  it('that is changed keeps what is in the bucket, up to the new limit', async () => {
    const limiter = instance();
    expect(await burst([limiter], 50)).toBe(50);
    expect(await burst([limiter, instance()], 50, { ...minute, windowSeconds: 1, limit: 20 })).toBe(10);
    now += 1000;
    expect(await burst([limiter, instance()], 50, { ...minute, windowSeconds: 1, limit: 20 })).toBe(20);
  });

  it('costs few writes for many requests, and none when it refuses', async () => {
    const limiter = instance();
    const policy = { name: 'requests', limit: 60_000, windowSeconds: 60 };
    for (let n = 0; n < 400; n++) {
      now += 10;
      expect((await limiter.take('t', policy)).allowed).toBe(true);
    }
    // 100 requests a second for 4 seconds: one by one in the first, then a second's at a time.
    expect(opened.writes()).toBeLessThan(110);
    await burst([instance()], 1);
    const before = opened.writes();
    expect(await burst([instance()], 100)).toBe(59);
    expect(opened.writes()).toBe(before + 1);
    const refusing = instance();
    await burst([refusing], 50);
    expect(opened.writes()).toBe(before + 1);
  });

  it('does not let go to waste what a calm instance would draw', async () => {
    const calm = [instance(), instance(), instance(), instance()];
    // Half of the rate, each request on another instance.
    for (let n = 0; n < 120; n++) {
      now += 2000;
      expect((await calm[n % 4]!.take('t', minute)).allowed).toBe(true);
    }
    expect(await burst(calm, 100)).toBe(59);
  });

  it('keeps nothing from other instances after a burst, or after a second', async () => {
    const [busy, other] = [instance(), instance()];
    const policy = { name: 'requests', limit: 100, windowSeconds: 10 };
    for (let n = 0; n < 10; n++) await busy.take('t', policy);
    expect(await burst([other], 200, policy)).toBe(90);
    now += 10_000;
    for (let n = 0; n < 9; n++) await busy.take('t', policy);
    now += 1000;
    await busy.take('t', policy);
    const before = opened.writes();
    await busy.take('t', policy);
    // It was drawn in advance: there are more of them, which are void when the bucket is full again.
    expect(opened.writes()).toBe(before);
    now += 20_000;
    expect(await burst([other], 200, policy)).toBe(100);
    expect(await burst([busy], 50, policy)).toBe(0);
  });

  it('must be whole numbers', async () => {
    for (const part of [{ limit: 0 }, { limit: 1.5 }, { windowSeconds: 0 }, { limit: 2 ** 53 }]) {
      await expect(instance().take('t', { ...minute, ...part })).rejects.toMatchObject({
        code: 'invalid_option',
      });
    }
  });

  it('of any kind is never exceeded in any time by instances that race', async () => {
    const policies = fc.record({
      limit: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 100, max: 400 })),
      windowSeconds: fc.constantFrom(1, 3, 10),
    });
    // Requests come at once to some of three instances; steps of time are short or about a slot long.
    const round = fc.record({
      wait: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 80, max: 1200 })),
      takes: fc.array(fc.nat(2), { maxLength: 25 }),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        policies,
        fc.array(round, { minLength: 10, maxLength: 25 }),
        async (numbers, rounds) => {
          const tenant = `p${run++}`;
          const policy = { name: 'requests', ...numbers };
          const instances = [instance(), instance(), instance()];
          const passed: number[] = [];
          for (const { wait, takes } of rounds) {
            now += wait;
            const decisions = await Promise.all(takes.map((n) => instances[n]!.take(tenant, policy)));
            for (const { allowed } of decisions) if (allowed) passed.push(now);
          }
          const { limit, windowSeconds } = policy;
          for (let from = 0; from < passed.length; from++) {
            for (let to = from; to < passed.length; to++) {
              const most = limit + (limit * (passed[to]! - passed[from]!)) / (windowSeconds * 1000);
              expect(to - from + 1).toBeLessThanOrEqual(most);
            }
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  it('lets at least nine in ten of the rate pass when two instances are asked for more', async () => {
    const instances = [instance(), instance()];
    const policy = { name: 'requests', limit: 200, windowSeconds: 10 };
    let passed = await burst(instances, 300, policy);
    for (let n = 0; n < 200; n++) {
      now += 50;
      passed += await burst(instances, 3, policy);
    }
    expect(passed).toBeGreaterThanOrEqual(380);
    expect(passed).toBeLessThanOrEqual(400);
  });
});
