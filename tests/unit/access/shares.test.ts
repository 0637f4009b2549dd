import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Holder, Shares } from '../../../shared/access/shares.ts';

/** Takes until refused; how many. */
function takeAll(shares: Shares, holder?: Holder): { taken: (() => void)[]; code: string } {
  const taken: (() => void)[] = [];
  for (;;) {
    try {
      taken.push(shares.take(holder));
    } catch (error) {
      return { taken, code: (error as { code: string }).code };
    }
  }
}

it('gives one key half, the keys of a tenant two thirds, and one without a name all', () => {
  const shares = new Shares(90, 'places');
  const first = takeAll(shares, { tenant: 'a', key: '1' });
  expect([first.taken.length, first.code]).toEqual([45, 'rate_limited']);
  let ofTenant = first.taken.length;
  for (let key = 2; key < 20; key++)
    ofTenant += takeAll(shares, { tenant: 'a', key: String(key) }).taken.length;
  expect(ofTenant).toBe(60);
  const rest = takeAll(shares);
  expect([rest.taken.length, rest.code]).toEqual([30, 'overloaded']);
});

it('keeps a place for whoever has none, however many are greedy', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 8 }), (places, greedy) => {
      const shares = new Shares(places, 'places');
      for (let n = 0; n < greedy; n++) takeAll(shares, { tenant: `t${n}`, key: `k${n}` });
      const enough = places > 2 ** greedy;
      if (enough) expect(takeAll(shares, { tenant: 'late', key: 'late' }).taken.length).toBeGreaterThan(0);
    }),
  );
});

it('has as many places again when all are given back, each once', () => {
  const shares = new Shares(8, 'places');
  const holder = { tenant: 'a', key: '1' };
  for (let round = 0; round < 3; round++) {
    const { taken } = takeAll(shares, holder);
    expect(taken).toHaveLength(4);
    for (const giveBack of taken) {
      giveBack();
      giveBack();
    }
  }
  expect(takeAll(shares).taken).toHaveLength(8);
});
