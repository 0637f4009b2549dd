import { afterEach, beforeEach, expect, it } from 'vitest';
import { Catalog } from '../../../shared/catalog/catalog.ts';
import { originalPath } from '../../../shared/pipeline/intake/original.ts';
import { sidecarPath } from '../../../shared/pipeline/intake/sidecar.ts';
import { acceptDocument, documentId } from '../../../shared/pipeline/intake/submit.ts';
import { repair } from '../../../shared/pipeline/repair/repair.ts';
import type { Services } from '../../../shared/pipeline/services.ts';
import { openTableQueue } from '../../../shared/storage/queue/table.ts';
import { openCatalogTable } from '../../support/catalog-table.ts';
import { document, type OpenedStores, openTestStores } from '../../support/stores.ts';

const signal = new AbortController().signal;
const text = (value: string) => new TextEncoder().encode(value);

let stores: OpenedStores;
let services: Services;
let lost: Services;
let dispose: () => Promise<void>;
beforeEach(async () => {
  stores = await openTestStores();
  services = stores.services;
  const opened = await openCatalogTable();
  const queue = openTableQueue(opened.table, 'work', { maxAttempts: 10 });
  lost = { ...services, catalog: new Catalog(opened.table), queue };
  dispose = async () => {
    await queue.close();
    await opened.dispose();
  };
});
afterEach(async () => {
  await dispose();
  await stores.close();
});

const FACTS = { collection: 'ships', metadata: { year: 1871 }, mediaType: 'text/markdown', followed: true };

it('makes documents again as they were, of all tenants', async () => {
  const a = await acceptDocument(services, document({ name: 'a', ...FACTS }));
  await acceptDocument(services, document({ name: 'b', tenant: 'u' }));
  expect(await repair(lost, signal)).toEqual({ documents: 2, unnamed: 0, kept: 0, failed: 0 });
  expect(await lost.catalog.documents.get('t', a.id)).toMatchObject({
    ...FACTS,
    name: 'a',
    sha256: a.sha256,
  });
  expect(await lost.catalog.documents.get('u', documentId('u', 'default', 'b'))).toMatchObject({ name: 'b' });
  expect(await lost.queue.counts()).toMatchObject({ waiting: 2 });
  expect(await repair(lost, signal)).toMatchObject({ documents: 0, kept: 2 });
});

it('takes the newest upload of a document, and an older one never in the place of a newer', async () => {
  await acceptDocument(services, document({ name: 'a', bytes: text('old') }));
  await new Promise((resolve) => setTimeout(resolve, 5));
  const { id } = await acceptDocument(services, document({ name: 'a', bytes: text('newest') }));
  expect(await repair(lost, signal)).toMatchObject({ documents: 1, kept: 1 });
  expect(await lost.catalog.documents.get('t', id)).toMatchObject({ bytes: 6 });
  // With the catalog that knows of both there is nothing to do.
  expect(await repair(lost, signal)).toMatchObject({ documents: 0 });
  expect(await lost.catalog.documents.get('t', id)).toMatchObject({ bytes: 6 });
});

it('takes in what is in quarantine, and what has no sidecar under the id that it had', async () => {
  const { id, pending } = await acceptDocument(services, document({ name: 'a' }));
  await services.blobs.delete(sidecarPath(originalPath('t', id, pending!)));
  await services.blobs.put('quarantine/2026-01-31/t/doc_q/v1', text('aside'));
  expect(await repair(lost, signal)).toEqual({ documents: 2, unnamed: 2, kept: 0, failed: 0 });
  const { documents } = await lost.catalog.documents.page('t', { collection: 'recovered', limit: 9 });
  expect(documents.map(({ name }) => name).sort()).toEqual([id, 'doc_q'].sort());
});

it('gives no document to the tenant that a sidecar names, but to that of its path', async () => {
  const { id, pending } = await acceptDocument(services, document({ name: 'a' }));
  const path = sidecarPath(originalPath('t', id, pending!));
  const sidecar = JSON.parse(new TextDecoder().decode(await services.blobs.get(path)));
  await services.blobs.put(path, text(JSON.stringify({ ...sidecar, tenant: 'other' })), { replace: true });
  await repair(lost, signal);
  expect(await lost.catalog.tenants.all()).toEqual(['t']);
});

it('goes on with the others where one cannot be taken in', async () => {
  await acceptDocument(services, document({ name: 'a', bytes: text('long enough') }));
  await acceptDocument(services, document({ name: 'b', bytes: text('b') }));
  expect(await repair({ ...lost, maxDocumentBytes: 5 }, signal)).toMatchObject({ documents: 1, failed: 1 });
});
