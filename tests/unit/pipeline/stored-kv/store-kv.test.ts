import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Blobs } from '../../../../shared/catalog/blobs.ts';
import { documentId, submitDocument } from '../../../../shared/pipeline/intake/submit.ts';
import { removeDocument } from '../../../../shared/pipeline/removal/retire.ts';
import type { Services } from '../../../../shared/pipeline/services.ts';
import { blobPath, keyOf } from '../../../../shared/pipeline/stored-kv/location.ts';
import { removeKv } from '../../../../shared/pipeline/stored-kv/remove-kv.ts';
import { storeKv, useKv } from '../../../../shared/pipeline/stored-kv/store-kv.ts';
import { Worker } from '../../../../shared/pipeline/work/worker.ts';
import { expectForgotten, expectNothingLostOrLeft, storedKeys } from '../../../support/left-behind.ts';
import { document, type OpenedStores, openTestStores } from '../../../support/stores.ts';

let stores: OpenedStores | undefined;
afterEach(async () => {
  await stores?.close();
  stores = undefined;
});

const KEY = 'ab'.padEnd(64, '0');
const first = { document: 'a', version: 'v1' };
const second = { document: 'b', version: 'v1' };
const blob = { tenant: 't', key: KEY, tokens: 1, object: new Uint8Array(10) };
const isStored = async ({ catalog, blobs }: Services) => {
  const stored = await blobs.has(blobPath('t', KEY));
  expect(await catalog.blobs.has(KEY)).toBe(stored);
  return stored;
};
const retire = async (services: Services, { document: id, version }: typeof first) => {
  const { unused } = await services.catalog.blobs.dropVersion(id, version);
  for (const key of unused) await removeKv(services, { tenant: 't', key });
};
const MINUTE = 60_000;

describe('a stored blob', () => {
  it('stays while a version uses it, and goes with the last one', async () => {
    stores = await openTestStores();
    const { services } = stores;
    await storeKv(services, blob, first);
    await useKv(services, [KEY], second);
    expect(await removeKv(services, blob)).toBe(false);
    await retire(services, first);
    expect(await isStored(services)).toBe(true);
    await retire(services, second);
    expect(await isStored(services)).toBe(false);
  });

  it('is not stored for a version that is retired while it is stored', async () => {
    stores = await openTestStores();
    const { services } = stores;
    const { blobs } = services;
    const put: typeof blobs.put = async (...given) => {
      // Between the use and the row.
      await retire(services, first);
      return blobs.put(...given);
    };
    const retiring = {
      ...services,
      blobs: { put, delete: (key: string) => blobs.delete(key) } as typeof blobs,
    };
    await storeKv(retiring, blob, first);
    expect(await isStored(services)).toBe(false);
  });

  it('is not lost by who begins to use it in the middle of its deletion', async () => {
    stores = await openTestStores();
    const { services } = stores;
    const { blobs, catalog } = services;
    await storeKv(services, blob, first);
    let using: Promise<void> | undefined;
    const use = async () => {
      await useKv(services, [KEY], second);
      if (!(await blobs.has(blobPath('t', KEY)))) await storeKv(services, blob, second);
    };
    const slowly = {
      delete: async (path: string) => {
        using = use();
        await sleep(30);
        return blobs.delete(path);
      },
    } as typeof blobs;
    await catalog.blobs.dropUse(KEY, first);
    expect(await removeKv({ catalog, blobs: slowly }, blob)).toBe(true);
    await using;
    expect(await isStored(services)).toBe(true);
  });

  it('is not left by two of which each takes the other for a user', async () => {
    stores = await openTestStores();
    const { services } = stores;
    await storeKv(services, blob, first);
    await useKv(services, [KEY], second);
    let retiring: Promise<void> | undefined;
    const { table, deletions } = services.catalog;
    class Looked extends Blobs {
      override async usersOf(key: string, limit: number) {
        const users = await super.usersOf(key, limit);
        retiring = retire(services, second);
        await sleep(30);
        return users;
      }
    }
    const catalog = { deletions, blobs: new Looked(table, deletions) };
    await catalog.blobs.dropUse(KEY, first);
    expect(await removeKv({ catalog, blobs: services.blobs }, blob)).toBe(false);
    await retiring;
    expect(await isStored(services)).toBe(false);
  });

  it('is used again only when its deletion is over, and then stored anew', async () => {
    stores = await openTestStores();
    const { services } = stores;
    const { catalog, blobs } = services;
    await storeKv(services, blob, first);
    await retire(services, first);
    const deletion = (await catalog.deletions.begin({
      tenant: 't',
      key: KEY,
      evicts: false,
      since: Date.now(),
    }))!;
    let used = false;
    const storing = storeKv(services, blob, second).then(() => (used = true));
    await sleep(50);
    expect(used).toBe(false);
    await blobs.delete(blobPath('t', KEY));
    await catalog.deletions.end(deletion);
    await storing;
    expect(await isStored(services)).toBe(true);
    expect(await catalog.blobs.usersOf(KEY, 9)).toEqual([second]);
  });

  it('whose deleter died is taken over by who wants it; while it may live, that one is told to come back', async () => {
    stores = await openTestStores();
    const { services } = stores;
    const { catalog } = services;
    const begin = (since: number) => catalog.deletions.begin({ tenant: 't', key: KEY, evicts: false, since });
    const deletion = (await begin(Date.now() - MINUTE))!;
    await expect(storeKv(services, blob, first)).rejects.toMatchObject({ code: 'overloaded' });
    await catalog.deletions.abandon(deletion);
    await begin(Date.now() - 3 * MINUTE);
    await storeKv(services, blob, first);
    expect(await isStored(services)).toBe(true);
    await begin(Date.now() - 3 * MINUTE);
    expect(await removeKv(services, blob)).toBe(false);
    expect(await isStored(services)).toBe(true);
  });

  it('is still known to be used when it is evicted, and is stored again for its users', async () => {
    stores = await openTestStores();
    const { services } = stores;
    await storeKv(services, blob, first);
    expect(await removeKv(services, { ...blob, evicts: true })).toBe(true);
    expect(await isStored(services)).toBe(false);
    expect(await services.catalog.blobs.usersOf(KEY, 9)).toEqual([first]);
    await storeKv(services, blob, first);
    expect(await isStored(services)).toBe(true);
  });

  it('takes the place of a damaged one', async () => {
    stores = await openTestStores();
    const { services } = stores;
    await storeKv(services, blob, first);
    await storeKv(services, { ...blob, object: Uint8Array.of(7), replace: true }, first);
    expect(await services.blobs.get(blobPath('t', KEY))).toEqual(Uint8Array.of(7));
  });
});

describe('many versions that use and drop the same blobs', () => {
  it('have them stored for as long as they use them, and leave none', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        // Any order of any calls of the stores.
        const pause = () => scheduler.schedule(Promise.resolve());
        const opened = await openTestStores({ pause });
        const { services } = opened;
        const { blobs, catalog } = services;
        const known = async () => (await catalog.blobs.has(KEY)) && (await blobs.has(blobPath('t', KEY)));
        const live = async (document: string) => {
          for (let round = 0; round < 3; round++) {
            const user = { document, version: `v${round}` };
            await useKv(services, [KEY], user);
            if (!(await known())) await storeKv(services, blob, user);
            expect(await known()).toBe(true);
            await retire(services, user);
          }
        };
        await scheduler.waitFor(Promise.all(['a', 'b', 'c'].map(live)));
        expect(await scheduler.waitFor(storedKeys(services))).toEqual({ objects: [], rows: [] });
        await opened.close();
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });
});

/** What clients do to a few documents that are made of a few passages. */
const action = fc.record({
  document: fc.nat(3),
  /** The lines of an upload; none: the document is deleted. */
  passages: fc.uniqueArray(fc.nat(4), { maxLength: 4 }),
  /** What is evicted meanwhile. */
  evicts: fc.option(fc.nat(4), { freq: 6 }),
  after: fc.nat(12),
});

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

describe('many workers on documents that share their passages', () => {
  const check = async (seed: number, actions: readonly Action[]) => {
    const random = xorshift(seed);
    const opened = await openTestStores({ pause: () => sleepAwhile(random) });
    const { services } = opened;
    const failures: unknown[] = [];
    const workers = Array.from(
      { length: 4 },
      () => new Worker(services, { failed: (e) => failures.push(e) }),
    );
    const made: { document: string; version: string }[] = [];
    const evicted = new Set<string>();
    const lineKey = (n: number) =>
      keyOf(
        services,
        't',
        Uint32Array.from(`line ${n}`, (c) => c.codePointAt(0)!),
      );
    await Promise.all(
      actions.map(async ({ document: n, passages, evicts, after }, i) => {
        await sleep(after * 5);
        const name = `d${n}`;
        if (evicts !== null) {
          evicted.add(lineKey(evicts));
          await removeKv(services, { tenant: 't', key: lineKey(evicts), evicts: true });
        }
        if (passages.length === 0) {
          await removeDocument(services, 't', documentId('t', 'default', name)).catch((error) => {
            expect(error).toMatchObject({ code: 'document_not_found' });
          });
          return;
        }
        // Each upload differs, that it may be a version of its own.
        const text = [...passages.map((line) => `line ${line}`), `only ${i}`].join('\n');
        const row = await submitDocument(services, document({ name, bytes: new TextEncoder().encode(text) }));
        if (row.pending !== null) made.push({ document: row.id, version: row.pending });
      }),
    );
    await idle(services);
    await Promise.all(workers.map((worker) => worker.stop()));
    expect(failures).toEqual([]);
    expect((await services.queue.counts()).dead).toBe(0);
    const documents = await services.catalog.documents.all('t');
    expect(documents.filter(({ status }) => status !== 'ready')).toEqual([]);
    const living = new Set(documents.map(({ version }) => version));
    const dead = made.filter(({ version }) => !living.has(version));
    await expectForgotten(
      services,
      dead,
      Array.from({ length: 5 }, (_, n) => lineKey(n)),
    );
    if (evicted.size === 0) await expectNothingLostOrLeft(services, ['t']);
    else {
      const { objects, rows } = await storedKeys(services);
      expect(objects.filter((key) => !evicted.has(key))).toEqual(rows.filter((key) => !evicted.has(key)));
      expect(objects.filter((key) => !rows.includes(key))).toEqual([]);
    }
    await opened.close();
  };

  it('lose no blob and leave none', async () => {
    const actions = fc.array(action, { minLength: 10, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1 }), actions, (seed, chosen) =>
        check(
          seed,
          chosen.map((one) => ({ ...one, evicts: null })),
        ),
      ),
      { numRuns: 4, endOnFailure: true },
    );
  });

  it('leave no object without a row although blobs are evicted meanwhile', async () => {
    const actions = fc.array(action, { minLength: 10, maxLength: 30 });
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1 }), actions, check), {
      numRuns: 3,
      endOnFailure: true,
    });
  });
});

async function idle({ queue }: Services): Promise<void> {
  for (;;) {
    const { waiting, leased } = await queue.counts();
    if (waiting + leased === 0) return;
    await sleep(10);
  }
}

/** A pause of some turns of the event loop, now and then of milliseconds. */
async function sleepAwhile(random: () => number): Promise<void> {
  const choice = random();
  if (choice < 0.4) return;
  if (choice < 0.8) await new Promise((resolve) => setImmediate(resolve));
  else await sleep((choice - 0.8) * 20);
}

/** Numbers from 0 to 1. */
function xorshift(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
