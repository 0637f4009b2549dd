import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalUploads, removeExpiredUploads } from '../../../../shared/pipeline/intake/uploads.ts';
import { type OpenedStores, openTestStores } from '../../../support/stores.ts';

const BYTES = new TextEncoder().encode('The ferry leaves at noon.');
const SHA256 = createHash('sha256').update(BYTES).digest('hex');
const upload = { tenant: 't', collection: 'default', name: 'ferry.txt', mediaType: 'text/plain' };
let stores: OpenedStores;
let uploads: LocalUploads;
let later = 0;
beforeEach(async () => {
  later = 0;
  stores = await openTestStores();
  uploads = new LocalUploads(stores.services, { now: () => Date.now() + later });
});
afterEach(() => stores.close());

describe('a one-time upload', () => {
  it('becomes the document that was announced', async () => {
    const metadata = { author: 'Morag' };
    const { id, token, method } = await uploads.create({
      ...upload,
      metadata,
      bytes: BYTES.length,
      sha256: SHA256,
    });
    expect(method).toBe('PUT');
    const { replaced, ...row } = await uploads.receive(id, token!, BYTES);
    expect(replaced).toBe(false);
    expect(row).toMatchObject({ ...upload, metadata, sha256: SHA256, status: 'queued' });
    expect(await stores.services.catalog.documents.get('t', row.id)).toEqual(row);
  });

  it('is used once, also when many send it at the same time', async () => {
    const { id, token } = await uploads.create(upload);
    const all = await Promise.allSettled(
      Array.from({ length: 12 }, () => uploads.receive(id, token!, BYTES)),
    );
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of all) if (one.status === 'rejected') expect(one.reason.code).toBe('conflict');
    await expect(uploads.receive(id, token!, BYTES)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('is refused with a wrong token, an unknown id, and when it has expired', async () => {
    const { id, token, expires } = await uploads.create({ ...upload, expiresIn: 60 });
    const other = await uploads.create(upload);
    for (const [of, wrong] of [
      [id, 'x'],
      [id, ''],
      [id, other.token!],
      ['upl_0', token!],
    ] as const) {
      await expect(uploads.receive(of, wrong, BYTES)).rejects.toMatchObject({ code: 'not_found' });
    }
    later = expires - Date.now();
    await expect(uploads.receive(id, token!, BYTES)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('refuses other bytes than announced, and takes the right ones afterwards', async () => {
    const { id, token } = await uploads.create({
      ...upload,
      bytes: BYTES.length,
      sha256: SHA256.toUpperCase(),
    });
    const changed = BYTES.map((byte, i) => (i === 3 ? byte ^ 1 : byte));
    for (const wrong of [BYTES.subarray(1), changed]) {
      await expect(uploads.receive(id, token!, wrong)).rejects.toMatchObject({ code: 'invalid_request' });
    }
    expect(await uploads.receive(id, token!, BYTES)).toMatchObject({ sha256: SHA256 });
  });

  it('may be sent again after an attempt that the document itself made fail', async () => {
    const { id, token } = await uploads.create(upload);
    await expect(uploads.receive(id, token!, new Uint8Array())).rejects.toMatchObject({
      code: 'document_empty',
    });
    expect(await uploads.receive(id, token!, BYTES)).toMatchObject({ name: 'ferry.txt' });
  });

  it('is stored with the hash of its token only, and forgotten when it has expired', async () => {
    const { table } = stores.services.catalog;
    const { id, token, expires } = await uploads.create(upload);
    const row = await table.get('uploads', id);
    expect(JSON.stringify(row)).not.toContain(token);
    await removeExpiredUploads(table, expires - 1);
    expect(await table.get('uploads', id)).toBeDefined();
    await removeExpiredUploads(table, expires);
    expect(await table.get('uploads', id)).toBeUndefined();
  });

  it('is not made for what can never be taken', async () => {
    const refused = (more: object, code: string) =>
      expect(uploads.create({ ...upload, ...more })).rejects.toMatchObject({ code });
    await refused({ bytes: 1001 }, 'document_too_large');
    await refused({ expiresIn: 0 }, 'invalid_request');
    await refused({ expiresIn: 86_401 }, 'invalid_request');
    await refused({ metadata: { 'a b': 1 } }, 'invalid_request');
  });
});
