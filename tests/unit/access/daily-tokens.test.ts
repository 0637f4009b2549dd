import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DailyTokens } from '../../../shared/access/daily-tokens.ts';
import { TenantLimits } from '../../../shared/access/limits.ts';
import { type CatalogTable, openCatalogTable } from '../../support/catalog-table.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
let opened: CatalogTable;
let now: number;
let limits: TenantLimits;
let tokens: DailyTokens;
beforeEach(async () => {
  opened = await openCatalogTable();
  now = Date.UTC(2026, 1, 28, 23, 59, 50, 500);
  limits = new TenantLimits(opened.table, { tokensPerDay: 100 });
  tokens = new DailyTokens(opened.table, limits, { now: () => now });
});
afterEach(() => opened.dispose());

const days = async () =>
  (await opened.table.query('usage/t', { prefix: 'tokens/' })).rows.map(({ sort }) => sort);

describe('the daily token quota', () => {
  it('refuses what the day’s rest does not hold, and says when to ask again', async () => {
    await tokens.take('t', 60);
    await expect(tokens.take('t', 41)).rejects.toMatchObject({
      code: 'rate_limited',
      status: 429,
      data: { quota: 'tokensPerDay', limit: 100, used: 60, asked: 41, retryAfter: 10 },
    });
    await tokens.take('t', 40);
    expect(await tokens.usedToday('t')).toBe(100);
    expect(await tokens.usedToday('u')).toBe(0);
  });

  it('with room for 7 lets exactly 7 of 20 takes pass that come at once', async () => {
    await limits.set('t', { tokensPerDay: 79 });
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => tokens.take('t', 11)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(7);
    expect(await tokens.usedToday('t')).toBe(77);
  });

  it('counts what was used in place of what was taken', async () => {
    const [first, second] = [await tokens.take('t', 50), await tokens.take('t', 50)];
    await tokens.settle(first, 12);
    await tokens.settle(second, 55);
    expect(await tokens.usedToday('t')).toBe(67);
    await tokens.settle(await tokens.take('t', 33), 33);
    expect(await tokens.usedToday('t')).toBe(100);
  });

  it('begins anew at midnight UTC; an answer counts on the day it began', async () => {
    const late = await tokens.take('t', 100);
    now = Date.UTC(2026, 2, 1);
    await tokens.take('t', 90);
    await tokens.settle(late, 30);
    expect(await tokens.usedToday('t')).toBe(90);
    now -= 1;
    expect(await tokens.usedToday('t')).toBe(30);
  });

  it('forgets old days when a new one begins', async () => {
    const first = await tokens.take('t', 10);
    for (let day = 0; day < 3; day++) {
      now += DAY_MS;
      await tokens.take('t', 10);
    }
    expect(await days()).toEqual(['tokens/2026-03-02', 'tokens/2026-03-03']);
    await tokens.settle(first, 1);
    expect(await days()).toEqual(['tokens/2026-03-02', 'tokens/2026-03-03']);
  });

  it('says that it is too small for what no day can hold', async () => {
    await expect(tokens.take('t', 101)).rejects.toMatchObject({ code: 'quota_exceeded', status: 403 });
  });

  it('of a tenant without a limit costs no write before the answer, and is counted after it', async () => {
    await limits.set('t', { tokensPerDay: null });
    const before = opened.writes();
    const taken = await tokens.take('t', 1_000_000);
    expect(opened.writes()).toBe(before);
    await tokens.settle(taken, 1234);
    expect(await tokens.usedToday('t')).toBe(1234);
  });
});
