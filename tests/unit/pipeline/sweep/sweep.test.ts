import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockragError } from '../../../../shared/errors.ts';
import { ingestVersion } from '../../../../shared/pipeline/intake/ingest.ts';
import { originalPath } from '../../../../shared/pipeline/intake/original.ts';
import { acceptDocument, documentId, submitDocument } from '../../../../shared/pipeline/intake/submit.ts';
import type { Services } from '../../../../shared/pipeline/services.ts';
import { blobPath, keyOf } from '../../../../shared/pipeline/stored-kv/location.ts';
import { removeKv } from '../../../../shared/pipeline/stored-kv/remove-kv.ts';
import { storeKv, useKv } from '../../../../shared/pipeline/stored-kv/store-kv.ts';
import { beginEpoch } from '../../../../shared/pipeline/sweep/epoch.ts';
import { type SweepOptions, sweep } from '../../../../shared/pipeline/sweep/sweep.ts';
import { SWEEP_ITEM } from '../../../../shared/pipeline/work/items.ts';
import { requeueOutdated } from '../../../../shared/pipeline/work/requeue.ts';
import { expectNothingLostOrLeft } from '../../../support/left-behind.ts';
import { document, type OpenedStores, openTestStores } from '../../../support/stores.ts';
import { workAll } from '../../../support/work.ts';

let stores: OpenedStores;
let services: Services;
beforeEach(async () => {
  stores = await openTestStores();
  services = stores.services;
  await beginEpoch(services);
});
afterEach(() => stores.close());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const KEY = 'ab'.padEnd(64, '0');
const blob = { tenant: 't', key: KEY, tokens: 1, object: new Uint8Array(10) };
const user = { document: 'd', version: 'v' };
const NOTHING = {
  ...{ dead: 0, outdated: 0, unfinished: 0, deletions: 0, versions: 0, marked: 0 },
  ...{ blobs: 0, objects: 0, originals: 0, restored: 0, expired: 0, charges: 0, unindexed: 0 },
  ...{ complete: true, refused: false },
};

/** Sweeps so much later. */
const sweepAfter = (ms: number, options: Partial<SweepOptions> = {}) =>
  sweep(services, {
    ...{ graceMs: HOUR, signal: new AbortController().signal, now: () => Date.now() + ms },
    ...options,
  });
/** What is in quarantine. */
async function quarantined(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of services.blobs.list('quarantine')) keys.push(key);
  return keys;
}
const stored = () => services.blobs.has(blobPath('t', KEY));
/** Works until nothing is left. */
const work = () => workAll(services);
const text = (...lines: string[]) => new TextEncoder().encode(lines.join('\n'));

it('finds nothing where nothing is left', async () => {
  await submitDocument(services, document({ name: 'a', bytes: text('one', 'two') }));
  await work();
  expect(await sweepAfter(2 * HOUR)).toEqual(NOTHING);
  await expectNothingLostOrLeft(services, ['t']);
});

describe('documents that were made with other settings', () => {
  const id = documentId('t', 'default', 'a');
  const reopenWith = async (fingerprint: string) => {
    services = { ...services, fingerprint };
    await services.catalog.settings.put({ fingerprint });
  };
  beforeEach(async () => {
    await reopenWith('old');
    await submitDocument(services, document({ name: 'a', bytes: text('one', 'two'), followed: true }));
    await work();
  });

  it('are made again from their bytes, and are what they were otherwise', async () => {
    const before = await services.catalog.documents.get('t', id);
    await reopenWith('new');
    // And the preface of the old settings is nobody's.
    expect(await sweepAfter(0)).toEqual({ ...NOTHING, outdated: 1, marked: 1 });
    expect((await sweepAfter(0)).outdated).toBe(0);
    await work();
    const made = { fingerprint: 'new', pendingFingerprint: 'new' };
    const other = { version: expect.any(String), updated: expect.any(Number) };
    const after = await services.catalog.documents.get('t', id);
    expect(after).toEqual({ ...before, ...made, ...other });
    expect(after!.version).not.toBe(before!.version);
    await expectNothingLostOrLeft(services, ['t']);
  });

  it('are left to the processes that were opened with other settings meanwhile', async () => {
    await reopenWith('new');
    const older = { ...services, fingerprint: 'old' };
    await work();
    expect(await requeueOutdated(older, 't')).toBe(0);
    expect(await requeueOutdated(services, 't')).toBe(1);
    expect(await requeueOutdated(older, 't')).toBe(0);
  });

  it('are tried once: one that fails is told of and not sent for ever', async () => {
    await reopenWith('new');
    const read = async () => {
      throw new BlockragError('document_corrupt', 'no');
    };
    services = { ...services, reader: { read } as unknown as Services['reader'] };
    expect((await sweepAfter(0)).outdated).toBe(1);
    await work();
    const row = await services.catalog.documents.get('t', id);
    expect(row).toMatchObject({
      status: 'failed',
      fingerprint: 'old',
      error: { code: 'document_corrupt' },
    });
    expect((await sweepAfter(0)).outdated).toBe(0);
  });
});

describe('a blob that nobody uses', () => {
  beforeEach(async () => {
    await storeKv(services, blob, user);
    // A process that was killed before it deleted the blob.
    await services.catalog.blobs.dropUse(KEY, user);
  });

  it('is deleted when it was so for the grace period', async () => {
    expect(await sweepAfter(0)).toEqual({ ...NOTHING, marked: 1 });
    expect(await sweepAfter(30 * MINUTE)).toEqual(NOTHING);
    expect(await stored()).toBe(true);
    expect(await sweepAfter(HOUR + MINUTE)).toEqual({ ...NOTHING, blobs: 1 });
    expect(await stored()).toBe(false);
    expect(await services.catalog.blobs.has(KEY)).toBe(false);
  });

  it('stays when it is used meanwhile, and starts anew when it is not', async () => {
    await sweepAfter(0);
    const row = await acceptDocument(services, document({ name: 'a' }));
    const again = { document: row.id, version: row.pending! };
    await useKv(services, [KEY], again);
    expect((await sweepAfter(HOUR + MINUTE)).blobs).toBe(0);
    await services.catalog.blobs.dropUse(KEY, again);
    expect(await sweepAfter(HOUR + 2 * MINUTE)).toMatchObject({ marked: 1, blobs: 0 });
    expect(await stored()).toBe(true);
  });

  it('is deleted at once without a grace period', async () => {
    expect(await sweepAfter(0, { graceMs: 0 })).toEqual({ ...NOTHING, blobs: 1 });
  });
});

it('a version that nobody knows of is retired, and its blobs go with it', async () => {
  await storeKv(services, blob, user);
  expect(await sweepAfter(0)).toEqual({ ...NOTHING, versions: 1 });
  await work();
  expect(await stored()).toBe(false);
  expect(await sweepAfter(2 * HOUR)).toEqual(NOTHING);
});

it('the preface of a model that is used no more goes, and one that a request made; the one that is used stays', async () => {
  await storeKv(services, blob, { document: 'preface', version: 'other' });
  const own = { document: 'preface', version: services.fingerprint };
  const current = { ...blob, key: keyOf(services, 't', services.template.preface) };
  await storeKv(services, current, own);
  await storeKv(services, { ...blob, key: keyOf(services, 't', Uint32Array.of(9)) }, own);
  expect(await sweepAfter(0, { graceMs: 0 })).toEqual({ ...NOTHING, blobs: 2 });
  expect(await services.blobs.has(blobPath('t', current.key))).toBe(true);
});

describe('an object without a row', () => {
  it('is deleted when it is older than the grace period', async () => {
    await services.blobs.put(blobPath('t', KEY), blob.object);
    expect(await sweepAfter(0)).toEqual(NOTHING);
    expect(await sweepAfter(HOUR + MINUTE)).toEqual({ ...NOTHING, objects: 1 });
    expect(await stored()).toBe(false);
  });

  it('stays while a version uses it that may still give it a row', async () => {
    const row = await acceptDocument(services, document({ name: 'a' }));
    await useKv(services, [KEY], { document: row.id, version: row.pending! });
    await services.blobs.put(blobPath('t', KEY), blob.object);
    expect((await sweepAfter(2 * HOUR)).objects).toBe(0);
    expect(await stored()).toBe(true);
  });
});

it('a deletion whose deleter died is ended, with the object or without', async () => {
  await storeKv(services, blob, user);
  await services.catalog.blobs.dropUse(KEY, user);
  const { catalog } = services;
  await catalog.deletions.begin({ key: KEY, tenant: 't', evicts: false, since: Date.now() });
  await catalog.deletions.begin({
    key: KEY.replace('ab', 'cd'),
    tenant: 't',
    evicts: false,
    since: Date.now(),
  });
  expect((await sweepAfter(MINUTE)).deletions).toBe(0);
  expect(await sweepAfter(3 * MINUTE)).toEqual({ ...NOTHING, deletions: 2 });
  expect(await stored()).toBe(false);
  expect(await removeKv(services, blob)).toBe(true);
});

it('originals and charges of versions that nobody knows of go after the grace period', async () => {
  const { access, blobs } = services;
  await submitDocument(services, document({ name: 'a', bytes: text('one') }));
  await work();
  const lost = { tenant: 't', document: 'doc_x', version: 'v1' };
  await access.quotas.take(lost, { bytes: 7 });
  await blobs.put(originalPath('t', 'doc_x', 'v1'), text('lost'));
  expect(await sweepAfter(0)).toEqual(NOTHING);
  expect(await sweepAfter(HOUR + MINUTE)).toEqual({ ...NOTHING, originals: 1, charges: 1 });
  expect(await access.quotas.used('t')).toMatchObject({ documents: 1 });
  const left: string[] = [];
  for await (const { key } of blobs.list('originals')) if (!key.endsWith('.json')) left.push(key);
  expect(left).toHaveLength(1);
  // It may be all that is left of a document: it is kept for a while.
  expect(await quarantined()).toEqual([expect.stringMatching(/^quarantine\/\d{4}-\d\d-\d\d\/t\/doc_x\/v1$/)]);
  expect(await sweepAfter(29 * DAY)).toMatchObject({ expired: 0 });
  expect(await sweepAfter(32 * DAY)).toMatchObject({ expired: 1 });
  expect(await quarantined()).toEqual([]);
});

describe('work that was never sent', () => {
  it('of an upload is sent when it has waited for the grace period, for any tenant', async () => {
    for (const tenant of ['t', 'u']) await acceptDocument(services, document({ tenant, name: 'a' }));
    expect((await sweepAfter(30 * MINUTE)).unfinished).toBe(0);
    expect((await sweepAfter(HOUR + MINUTE)).unfinished).toBe(2);
    await work();
    for (const tenant of ['t', 'u']) {
      const [row] = await services.catalog.documents.all(tenant);
      expect(row).toMatchObject({ status: 'ready' });
    }
  });

  it('of encoding is sent too', async () => {
    const row = await acceptDocument(services, document({ name: 'a', bytes: text('one', 'two') }));
    const ref = { tenant: 't', document: row.id, version: row.pending! };
    const unsent = Object.assign(Object.create(services.queue), { send: async () => {} });
    await ingestVersion({ ...services, queue: unsent }, ref, new AbortController().signal);
    expect((await services.catalog.documents.get('t', row.id))!.status).toBe('encoding');
    expect((await sweepAfter(2 * HOUR)).unfinished).toBe(1);
    await work();
    expect((await services.catalog.documents.get('t', row.id))!.status).toBe('ready');
  });

  it('is not sent twice, and what has failed too often is told of its document', async () => {
    const row = await submitDocument(services, document({ name: 'a' }));
    await sweepAfter(2 * HOUR);
    expect(await services.queue.counts()).toMatchObject({ waiting: 1 });
    for (let attempt = 0; attempt < 10; attempt++) {
      const [lease] = await services.queue.receive({ max: 1, leaseMs: MINUTE, waitMs: 1000 });
      await services.queue.retry(lease!.receipt, { delayMs: 0, error: 'It fails always.' });
    }
    expect(await sweepAfter(0)).toMatchObject({ dead: 1 });
    const error = { code: 'internal', message: 'It fails always.' };
    expect(await services.catalog.documents.get('t', row.id)).toMatchObject({ status: 'failed', error });
  });
});

it('a deletion of a document that was stopped before its last step is ended', async () => {
  const { catalog } = services;
  const row = await acceptDocument(services, document({ name: 'a' }));
  await catalog.documents.update('t', row.id, (current) => ({
    ...{ ...current!, status: 'deleting', pending: null, retiring: [] },
  }));
  await sweepAfter(2 * HOUR);
  expect(await catalog.documents.get('t', row.id)).toBeUndefined();
});

it('is work of a worker too', async () => {
  await storeKv(services, blob, user);
  await services.queue.send([SWEEP_ITEM]);
  await work();
  expect(await stored()).toBe(false);
});

it('a sweep that is stopped anywhere is gone on with, and in the end all is done', async () => {
  // As many that are known: what a killed process leaves is never most of all.
  for (let n = 0; n < 120; n++) await acceptDocument(services, document({ name: `known-${n}` }));
  for (let n = 0; n < 120; n++) {
    const key = n.toString(16).padStart(2, '0').padEnd(64, '0');
    await services.blobs.put(blobPath('t', key), blob.object);
    await services.blobs.put(originalPath('t', `doc_${n}`, 'v1'), blob.object);
  }
  const total = { objects: 0, originals: 0 };
  let stops = 0;
  for (let complete = false; !complete; stops++) {
    const stop = new AbortController();
    let looks = 0;
    const now = () => {
      // In the middle of a page: its objects are looked at again.
      if (++looks === 130) stop.abort();
      return Date.now() + 2 * HOUR;
    };
    const report = await sweepAfter(0, { now, signal: stop.signal });
    total.objects += report.objects;
    total.originals += report.originals;
    complete = report.complete;
  }
  expect(total).toEqual({ objects: 120, originals: 120 });
  expect(stops).toBeGreaterThan(1);
  expect(await sweepAfter(2 * HOUR)).toMatchObject({ objects: 0, originals: 0, complete: true });
});

it('a step that fails is told in the end, when the others are done', async () => {
  const { blobs } = services;
  await blobs.put(originalPath('t', 'doc_x', 'v1'), blob.object);
  const failing = Object.assign(Object.create(blobs), {
    list: (prefix: string) => {
      if (prefix === 'kv') throw new BlockragError('storage_failed', 'The store is away.');
      return blobs.list(prefix);
    },
    delete: (key: string) => blobs.delete(key),
    get: (key: string) => blobs.get(key),
    put: (...given: Parameters<typeof blobs.put>) => blobs.put(...given),
  });
  services = { ...services, blobs: failing };
  await expect(sweepAfter(2 * HOUR)).rejects.toMatchObject({ code: 'storage_failed' });
  expect(await blobs.has(originalPath('t', 'doc_x', 'v1'))).toBe(false);
});
