import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockragError } from '../../../../shared/errors.ts';
import { submitDocument } from '../../../../shared/pipeline/intake/submit.ts';
import { retrieve } from '../../../../shared/pipeline/question/retrieve.ts';
import { checkIndex, reindex } from '../../../../shared/pipeline/reindex/reindex.ts';
import type { Services } from '../../../../shared/pipeline/services.ts';
import { document, type OpenedStores, openTestStores } from '../../../support/stores.ts';
import { workAll } from '../../../support/work.ts';

const signal = new AbortController().signal;
const damage = new BlockragError('storage_failed', 'Broken.', { data: { damaged: true } });
const REBUILDING = { code: 'index_rebuilding', status: 503, data: { retryAfter: expect.any(Number) } };

let stores: OpenedStores;
let services: Services;
beforeEach(async () => {
  stores = await openTestStores();
  services = stores.services;
  for (const name of ['a', 'b']) {
    await submitDocument(
      services,
      document({ name, bytes: new TextEncoder().encode(`${name} one\n${name} two`) }),
    );
  }
  await work();
});
afterEach(() => stores.close());

const work = () => workAll(services);
const passages = async () => [...(await services.index.counts()).values()];
const ask = (filter?: Record<string, string>) =>
  retrieve(services, { tenant: 't', collection: 'default', question: 'one', filter, topK: 4 }, signal);

it('finds nothing to do where the index holds all', async () => {
  expect(await checkIndex(services)).toBe(0);
  expect(await services.queue.counts()).toMatchObject({ waiting: 0 });
  expect(await ask()).not.toEqual([]);
});

describe('an index that lacks passages', () => {
  it('is filled from the catalog, and searches are told to come back until then', async () => {
    await services.index.reset();
    expect(await checkIndex(services)).toBe(4);
    await expect(ask()).rejects.toMatchObject({ ...REBUILDING, data: { done: 0, total: 4 } });
    await work();
    expect(await passages()).toEqual([2, 2]);
    expect(await ask()).not.toEqual([]);
  });

  it('is noticed by a search that finds nothing at all, and not by one that a filter leaves nothing', async () => {
    await services.index.reset();
    await expect(ask({ color: 'red' })).resolves.toEqual([]);
    await expect(ask()).rejects.toMatchObject(REBUILDING);
    await work();
    expect(await passages()).toEqual([2, 2]);
    expect(await ask()).not.toEqual([]);
  });

  it('gets only what it lacks, and nothing of a document that was deleted', async () => {
    const [version] = (await services.index.counts()).keys();
    await services.index.remove(version!.split('/')[0]!);
    const added: string[] = [];
    const { index } = services;
    const observed = {
      ...index,
      add: async (rows: Parameters<typeof index.add>[0]) => {
        added.push(...rows.map(({ document: id }) => id));
        await index.add(rows);
        await services.catalog.documents.update('t', rows[0]!.document, () => null);
      },
    };
    expect(await reindex({ ...services, index: observed }, signal)).toBe(2);
    expect(new Set(added).size).toBe(1);
    expect(await passages()).toEqual([2]);
  });

  it('goes on where it was broken off', async () => {
    await services.index.reset();
    await checkIndex(services);
    let calls = 0;
    const { index } = services;
    const failing = {
      ...index,
      add: async (rows: Parameters<typeof index.add>[0]) => {
        if (calls++ > 0) throw new Error('killed');
        await index.add(rows);
      },
    };
    await expect(reindex({ ...services, index: failing }, signal)).rejects.toThrow('killed');
    await expect(ask()).rejects.toMatchObject(REBUILDING);
    expect(await reindex(services, signal)).toBe(2);
    expect(await ask()).not.toEqual([]);
  });
});

describe('an index whose files are damaged', () => {
  /** The index, of which searches and counts fail until it is begun anew. */
  const damaged = (): Services => {
    const { index } = services;
    let broken = true;
    const failing = async () => {
      throw damage;
    };
    return {
      ...services,
      index: new Proxy(index, {
        get: (target, name: keyof typeof index) => {
          if (name === 'reset') {
            return async () => {
              broken = false;
              await target.reset();
            };
          }
          return broken && (name === 'search' || name === 'counts') ? failing : target[name];
        },
      }),
    };
  };

  it('is begun anew when a search meets it', async () => {
    services = damaged();
    await expect(ask()).rejects.toMatchObject(REBUILDING);
    await work();
    expect(await passages()).toEqual([2, 2]);
    expect(await ask()).not.toEqual([]);
  });

  it('is begun anew when it is compared with the catalog', async () => {
    services = damaged();
    expect(await checkIndex(services)).toBe(4);
    await work();
    expect(await passages()).toEqual([2, 2]);
  });

  it('stays as it is when all of it can be read after all', async () => {
    let failures = 0;
    const { index } = services;
    const once = {
      ...index,
      search: async () => {
        failures++;
        throw damage;
      },
      reset: () => Promise.reject(new Error('must not be reset')),
    };
    const passing = { ...services, index: once };
    await expect(
      retrieve(passing, { tenant: 't', collection: 'default', question: 'one', topK: 4 }, signal),
    ).rejects.toMatchObject(REBUILDING);
    expect(failures).toBe(2);
    expect(await reindex(passing, signal)).toBe(0);
    expect(await ask()).not.toEqual([]);
  });
});
