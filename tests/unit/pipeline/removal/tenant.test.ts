import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { viewDocument } from '../../../../shared/api/views/document.ts';
import { submitDocument } from '../../../../shared/pipeline/intake/submit.ts';
import { exportTenant } from '../../../../shared/pipeline/listing/export.ts';
import { eraseTenant } from '../../../../shared/pipeline/removal/tenant.ts';
import { Worker } from '../../../../shared/pipeline/work/worker.ts';
import { allRows } from '../../../../shared/storage/table/rows.ts';
import { document, type OpenedStores, openTestStores } from '../../../support/stores.ts';

let opened: OpenedStores;
let folder: string;
beforeEach(async () => {
  opened = await openTestStores();
  folder = mkdtempSync(join(tmpdir(), 'blockrag-tenant-'));
});
afterEach(async () => {
  await opened.close();
  rmSync(folder, { recursive: true });
});

async function work(): Promise<void> {
  const worker = new Worker(opened.services, { failed: () => {}, idleMs: 50 });
  await worker.ended;
}

async function addTo(tenant: string, ...names: string[]): Promise<void> {
  const { services } = opened;
  for (const name of names)
    await submitDocument(services, document({ tenant, name, metadata: { year: 1871 } }));
  await services.access.keys.add({ tenant, name: 'test', scopes: ['read'] });
  await services.access.limits.set(tenant, { documents: 50 });
  await services.access.rates.take(tenant, { name: 'requests', limit: 60, windowSeconds: 60 });
  await services.access.tokens.settle(await services.access.tokens.take(tenant, 5), 5);
}

const view = { view: viewDocument, signal: new AbortController().signal };

describe('an export of a tenant', () => {
  it('holds each original with its metadata, and nothing of another', async () => {
    await addTo('acme', 'a.txt', 'notes/Zoë & co.txt');
    await addTo('rival', 'secret.txt');
    await work();
    const report = await exportTenant(opened.services, 'acme', folder, view);
    expect(report).toMatchObject({ documents: 2, without: 0 });
    const lines = readFileSync(join(folder, 'documents.ndjson'), 'utf8').trim().split('\n');
    const documents = lines.map((line) => JSON.parse(line));
    expect(documents.map(({ name }) => name).sort()).toEqual(['a.txt', 'notes/Zoë & co.txt']);
    for (const { name, file, metadata } of documents) {
      expect(readFileSync(join(folder, file), 'utf8')).toBe(name);
      expect(metadata).toEqual({ year: 1871 });
    }
    expect(readdirSync(join(folder, 'originals'))).toHaveLength(2);
  });

  it('is not written over another', async () => {
    await exportTenant(opened.services, 'acme', folder, view);
    await expect(exportTenant(opened.services, 'acme', folder, view)).rejects.toMatchObject({
      code: 'invalid_option',
    });
  });
});

describe('a tenant that is erased', () => {
  it('has no documents, originals, blobs, limits and counts any more, and its keys are refused', async () => {
    await addTo('acme', 'a.txt', 'b.txt');
    await addTo('rival', 'c.txt');
    await work();
    const { key } = await opened.services.access.keys.add({ tenant: 'acme', name: 'k', scopes: ['read'] });
    expect(await eraseTenant(opened.services, 'acme')).toEqual({ documents: 2, keys: 2 });
    await work();
    const { catalog, blobs, access } = opened.services;
    expect(await access.keys.verify(key)).toBeUndefined();
    const left = async (prefix: string) => {
      const found = [];
      for await (const { key: name } of blobs.list(prefix)) found.push(name);
      return found;
    };
    expect(await left('originals/acme')).toEqual([]);
    // The frame of every prompt, which holds nothing of the tenant's.
    expect(await left('kv/acme')).toHaveLength(1);
    expect(await left('originals/rival')).toHaveLength(2);
    for (const partition of ['documents/acme', 'collections/acme', 'rates/acme']) {
      expect(await allRows(catalog.table, partition), partition).toEqual([]);
    }
    expect(await access.limits.own('acme')).toEqual({});
    expect(await access.limits.own('rival')).toEqual({ documents: 50 });
    expect(await access.tokens.usedToday('acme')).toBe(0);
    expect(await access.tokens.usedToday('rival')).toBe(5);
    expect(await access.quotas.used('acme')).toEqual({ documents: 0, passages: 0, bytes: 0 });
    expect(await eraseTenant(opened.services, 'acme')).toEqual({ documents: 0, keys: 0 });
  });

  it('is not that of the operators', async () => {
    await addTo('default', 'a.txt');
    await expect(eraseTenant(opened.services, 'default')).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await opened.services.access.limits.own('default')).toEqual({ documents: 50 });
  });
});
