import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TenantLimits } from '../../../shared/access/limits.ts';
import { Quotas } from '../../../shared/access/quotas.ts';
import { type CatalogTable, openCatalogTable } from '../../support/catalog-table.ts';

let opened: CatalogTable;
let limits: TenantLimits;
let quotas: Quotas;
beforeEach(async () => {
  opened = await openCatalogTable();
  limits = new TenantLimits(opened.table, { documents: 10 });
  quotas = new Quotas(opened.table, limits, { now: () => 5 });
});
afterEach(() => opened.dispose());

const of = (document: string, version = 'v1', tenant = 't') => ({ tenant, document, version });
const exceeded = (data: object) => ({ code: 'quota_exceeded', status: 403, data });

describe('a storage quota', () => {
  it('with room for 7 lets exactly 7 of 20 takes pass that come at once over two instances', async () => {
    await limits.set('t', { documents: 7 });
    const instances = [quotas, new Quotas(opened.table, limits)];
    const takes = Array.from({ length: 20 }, (_, n) => instances[n % 2]!.take(of(`d${n}`), { bytes: 3 }));
    const results = await Promise.allSettled(takes);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(7);
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    for (const error of refused) {
      expect(error).toMatchObject(exceeded({ quota: 'documents', limit: 7, used: 7, asked: 1 }));
    }
    expect(await quotas.used('t')).toEqual({ documents: 7, passages: 0, bytes: 21 });
  });

  it('changes that come at once to one instance wait for each other, and none is written twice', async () => {
    await limits.set('t', { documents: 100 });
    const write = vi.spyOn(opened.table, 'write');
    await Promise.all(Array.from({ length: 40 }, (_, n) => quotas.take(of(`d${n}`), { bytes: 3 })));
    expect(write).toHaveBeenCalledTimes(40);
    expect(await quotas.used('t')).toMatchObject({ documents: 40, bytes: 120 });
  });

  it('that is set later counts what was there before, and what is given back', async () => {
    await limits.set('t', { documents: null });
    await Promise.all(Array.from({ length: 40 }, (_, n) => quotas.take(of(`d${n}`), { bytes: 3 })));
    const totals = await opened.table.query('usage/t', { prefix: 'total' });
    expect(totals.rows.length).toBeGreaterThan(4);
    expect(await quotas.used('t')).toEqual({ documents: 40, passages: 0, bytes: 120 });
    await limits.set('t', { documents: 40 });
    await expect(quotas.take(of('one more'), { bytes: 1 })).rejects.toMatchObject(
      exceeded({ quota: 'documents', limit: 40, used: 40, asked: 1 }),
    );
    for (let n = 0; n < 10; n++) expect(await quotas.giveBack(of(`d${n}`))).toBe(true);
    await quotas.take(of('one more'), { bytes: 1 });
    expect(await quotas.used('t')).toEqual({ documents: 31, passages: 0, bytes: 91 });
  });

  it('is counted once, however often a step is repeated', async () => {
    for (let time = 0; time < 3; time++) await quotas.take(of('a'), { bytes: 10 });
    for (let time = 0; time < 3; time++) expect(await quotas.amend(of('a'), { passages: 4 })).toBe(true);
    await quotas.take(of('a'), { bytes: 10 });
    expect(await quotas.used('t')).toEqual({ documents: 1, passages: 4, bytes: 10 });
    expect(await quotas.giveBack(of('a'))).toBe(true);
    expect(await quotas.giveBack(of('a'))).toBe(false);
    expect(await quotas.used('t')).toEqual({ documents: 0, passages: 0, bytes: 0 });
    expect((await opened.table.query('usage/t', { prefix: 'document/' })).rows).toEqual([]);
  });

  it('is not charged by late work for a version that was given back', async () => {
    await quotas.take(of('a'), { bytes: 10 });
    await quotas.giveBack(of('a'));
    expect(await quotas.amend(of('a'), { passages: 4 })).toBe(false);
    expect(await quotas.used('t')).toEqual({ documents: 0, passages: 0, bytes: 0 });
  });

  it('lets a full tenant replace a document, and charges the growth', async () => {
    await limits.set('t', { documents: 1, bytes: 12 });
    await quotas.take(of('a', 'v1'), { bytes: 10 });
    await quotas.take(of('a', 'v2'), { bytes: 12 });
    expect(await quotas.used('t')).toEqual({ documents: 1, passages: 0, bytes: 12 });
    await expect(quotas.take(of('a', 'v3'), { bytes: 13 })).rejects.toMatchObject(
      exceeded({ quota: 'bytes', limit: 12, used: 12, asked: 1 }),
    );
    await quotas.take(of('a', 'v3'), { bytes: 2 });
    await quotas.giveBack(of('a', 'v1'));
    await quotas.giveBack(of('a', 'v2'));
    expect(await quotas.used('t')).toEqual({ documents: 1, passages: 0, bytes: 2 });
  });

  it('refuses passages that do not fit when they are known', async () => {
    await limits.set('t', { passages: 5 });
    await quotas.take(of('a'), { bytes: 1 });
    await quotas.amend(of('a'), { passages: 4 });
    await quotas.take(of('b'), { bytes: 1 });
    await expect(quotas.amend(of('b'), { passages: 2 })).rejects.toMatchObject(
      exceeded({ quota: 'passages', limit: 5, used: 4, asked: 2 }),
    );
    expect(await quotas.amend(of('b'), { passages: 1 })).toBe(true);
  });

  it('that was lowered refuses growth only', async () => {
    for (const id of ['a', 'b', 'c']) await quotas.take(of(id), { bytes: 10 });
    await limits.set('t', { documents: 1, bytes: 5 });
    await quotas.take(of('a'), { bytes: 9 });
    await quotas.giveBack(of('b'));
    await expect(quotas.take(of('d'), { bytes: 0 })).rejects.toMatchObject({ code: 'quota_exceeded' });
    expect(await quotas.used('t')).toEqual({ documents: 2, passages: 0, bytes: 19 });
  });

  it('is each tenant’s own', async () => {
    await limits.set('t', { documents: 0 });
    await expect(quotas.take(of('a'), { bytes: 1 })).rejects.toMatchObject({ code: 'quota_exceeded' });
    await quotas.take(of('a', 'v1', 'u'), { bytes: 1 });
    expect(await quotas.giveBack(of('a'))).toBe(false);
    expect(await quotas.used('u')).toEqual({ documents: 1, passages: 0, bytes: 1 });
  });

  it('lists what is charged, for what a killed process left to be found', async () => {
    await quotas.take(of('a', 'v1'), { bytes: 1 });
    await quotas.take(of('a', 'v2'), { bytes: 2 });
    await quotas.take(of('b', 'v1'), { bytes: 3 });
    const charged = [];
    for await (const version of quotas.charged('t')) charged.push(version);
    expect(charged).toEqual([
      { ...of('a', 'v1'), bytes: 1, passages: 0, taken: 5 },
      { ...of('a', 'v2'), bytes: 2, passages: 0, taken: 5 },
      { ...of('b', 'v1'), bytes: 3, passages: 0, taken: 5 },
    ]);
  });

  it('has a total that is the sum of the charges after any steps, some at once', async () => {
    const amount = fc.nat(6);
    const step = fc.record({
      kind: fc.constantFrom('take', 'take', 'amend', 'giveBack'),
      document: fc.constantFrom('a', 'b', 'c'),
      version: fc.constantFrom('v1', 'v2'),
      amount,
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { maxLength: 8 }),
        fc.boolean(),
        async (rounds, changing) => {
          const tenant = `p${run++}`;
          for (const [i, round] of rounds.entries()) {
            const limited = !changing || i % 2 === 0;
            await limits.set(
              tenant,
              limited ? { documents: 2, passages: 9, bytes: 12 } : { documents: null },
            );
            const done = round.map(({ kind, document, version, amount }) => {
              const target = of(document, version, tenant);
              if (kind === 'take') return quotas.take(target, { bytes: amount });
              return kind === 'amend' ? quotas.amend(target, { passages: amount }) : quotas.giveBack(target);
            });
            for (const result of await Promise.allSettled(done)) {
              if (result.status === 'rejected')
                expect(result.reason).toMatchObject({ code: 'quota_exceeded' });
            }
          }
          const most = new Map<string, { passages: number; bytes: number }>();
          for await (const { document, passages, bytes } of quotas.charged(tenant)) {
            const known = most.get(document) ?? { passages: 0, bytes: 0 };
            most.set(document, {
              passages: Math.max(known.passages, passages),
              bytes: Math.max(known.bytes, bytes),
            });
          }
          const sum = (kind: 'passages' | 'bytes') =>
            [...most.values()].reduce((all, one) => all + one[kind], 0);
          const used = await quotas.used(tenant);
          expect(used).toEqual({ documents: most.size, passages: sum('passages'), bytes: sum('bytes') });
          if (!changing) expect(used.documents <= 2 && used.passages <= 9 && used.bytes <= 12).toBe(true);
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('the limits of a tenant', () => {
  it('are the defaults, but for its own', async () => {
    const defaults = { documents: 10, bytes: 100 };
    limits = new TenantLimits(opened.table, defaults);
    expect(await limits.of('t')).toEqual(defaults);
    await limits.set('t', { documents: 3, bytes: null, tokensPerDay: 7 });
    expect(await limits.of('t')).toEqual({ documents: 3, bytes: undefined, tokensPerDay: 7 });
    await limits.set('t', {});
    expect(await limits.of('t')).toEqual(defaults);
    expect(await new TenantLimits(opened.table).of('t')).toEqual({});
  });

  it('are whole numbers of what is counted', async () => {
    const wrong = [{ documents: -1 }, { bytes: 1.5 }, { passages: Number.NaN }, { sheep: 1 } as object];
    for (const own of wrong) {
      await expect(limits.set('t', own)).rejects.toMatchObject({ code: 'invalid_request' });
    }
    await expect(limits.set('T', {})).rejects.toMatchObject({ code: 'invalid_request' });
  });
});
