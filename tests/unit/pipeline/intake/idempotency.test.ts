import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeExpiredRequests, withIdempotency } from '../../../../shared/pipeline/intake/idempotency.ts';
import { submitOnce } from '../../../../shared/pipeline/intake/submit.ts';
import type { Table } from '../../../../shared/storage/ports.ts';
import { document, type OpenedStores, openTestStores } from '../../../support/stores.ts';

const HOUR = 3_600_000;
const request = { tenant: 't', key: 'k', fingerprint: 'POST /a' };
let stores: OpenedStores;
let table: Table;
beforeEach(async () => {
  stores = await openTestStores();
  table = stores.services.catalog.table;
});
afterEach(() => stores.close());

describe('a request with an idempotency key', () => {
  it('runs once; its result is given again', async () => {
    let runs = 0;
    const run = async () => ({ id: 'd', run: ++runs });
    expect(await withIdempotency(table, request, run)).toEqual({ id: 'd', run: 1 });
    expect(await withIdempotency(table, request, run)).toEqual({ id: 'd', run: 1 });
    expect(await withIdempotency(table, { ...request, tenant: 'other' }, run)).toEqual({ id: 'd', run: 2 });
    expect(await withIdempotency(table, { ...request, key: 'k2' }, run)).toEqual({ id: 'd', run: 3 });
  });

  it('refuses the key for another request', async () => {
    await withIdempotency(table, request, async () => 1);
    const other = withIdempotency(table, { ...request, fingerprint: 'POST /b' }, async () => 2);
    await expect(other).rejects.toMatchObject({ code: 'idempotency_mismatch' });
  });

  it('runs once when many come at the same time; the others are told to wait', async () => {
    let runs = 0;
    const run = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return ++runs;
    };
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, () => withIdempotency(table, request, run)),
    );
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of all) if (one.status === 'rejected') expect(one.reason.code).toBe('conflict');
    expect(runs).toBe(1);
    expect(await withIdempotency(table, request, run)).toBe(1);
  });

  it('may be tried again after it failed', async () => {
    const fail = withIdempotency(table, request, async () => Promise.reject(new Error('no')));
    await expect(fail).rejects.toThrow('no');
    expect(await withIdempotency(table, request, async () => 1)).toBe(1);
  });

  it('is taken over when the process that ran it died, and what that writes late is nothing', async () => {
    let late: (value: number) => void = () => {};
    const hanging = withIdempotency(
      table,
      request,
      () =>
        new Promise<number>((resolve) => {
          late = resolve;
        }),
    );
    await expect
      .poll(() => withIdempotency(table, request, async () => 0).catch(({ code }) => code))
      .toBe('conflict');
    const now = () => Date.now() + 31_000;
    expect(await withIdempotency(table, request, async () => 2, { now })).toBe(2);
    late(1);
    expect(await hanging).toBe(1);
    expect(await withIdempotency(table, request, async () => 3)).toBe(2);
  });

  it('is forgotten after 24 hours, and its row removed', async () => {
    await withIdempotency(table, request, async () => 1);
    await removeExpiredRequests(table, Date.now() + 23 * HOUR);
    expect(await withIdempotency(table, request, async () => 2)).toBe(1);
    await removeExpiredRequests(table, Date.now() + 25 * HOUR);
    expect((await table.query('idempotency')).rows).toEqual([]);
    const now = () => Date.now() + 25 * HOUR;
    await withIdempotency(table, request, async () => 1);
    expect(await withIdempotency(table, request, async () => 2, { now })).toBe(2);
  });
});

describe('a document sent twice with one key', () => {
  it('is one document, shown as it is now, and its text is not in the stored result', async () => {
    const upload = document({ name: 'a.txt', metadata: { x: 1, y: 2 } });
    const first = await submitOnce(stores.services, upload, 'key');
    const again = await submitOnce(stores.services, { ...upload, metadata: { y: 2, x: 1 } }, 'key');
    expect(again).toEqual(first);
    const [row] = (await table.query('idempotency')).rows;
    expect(row!.data.result).toEqual({ id: first.id, replaced: false });
    const other = submitOnce(stores.services, { ...upload, bytes: new Uint8Array(3) }, 'key');
    await expect(other).rejects.toMatchObject({ code: 'idempotency_mismatch' });
    await stores.services.catalog.documents.update('t', first.id, () => null);
    const gone = submitOnce(stores.services, upload, 'key');
    await expect(gone).rejects.toMatchObject({ code: 'document_not_found' });
  });
});
