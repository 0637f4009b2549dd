import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog, type DocumentRow } from '../../../../shared/catalog/catalog.ts';
import { watchDocument } from '../../../../shared/pipeline/intake/progress.ts';
import { submitDocument } from '../../../../shared/pipeline/intake/submit.ts';
import { removeDocument } from '../../../../shared/pipeline/removal/retire.ts';
import { document, type OpenedStores, openTestStores } from '../../../support/stores.ts';

let stores: OpenedStores;
let id: string;
beforeEach(async () => {
  stores = await openTestStores();
  id = (await submitDocument(stores.services, document({ name: 'a.txt' }))).id;
});
afterEach(() => stores.close());

const forever = new AbortController().signal;
const change = (more: Partial<DocumentRow>, catalog: Catalog = stores.services.catalog) =>
  catalog.documents.update('t', id, (row) => ({ ...row!, ...more }));
const watch = (signal = forever) => watchDocument(stores.services, 't', id, signal);

describe('watching a document', () => {
  it('tells every change of status and progress until it is ready', async () => {
    const seen: string[] = [];
    const steps: Partial<DocumentRow>[] = [
      { status: 'encoding', passages: 3 },
      { title: 'not a step' },
      { encoded: 2 },
      { encoded: 3, status: 'ready' },
    ];
    for await (const { status, encoded } of watch()) {
      seen.push(`${status} ${encoded}`);
      let step = steps.shift();
      if (step?.title !== undefined) {
        await change(step);
        step = steps.shift();
      }
      if (step !== undefined) await change(step);
    }
    expect(seen).toEqual(['queued 0', 'encoding 0', 'encoding 2', 'ready 3']);
  });

  it('ends at once for one that is ready, and when it fails', async () => {
    await change({ status: 'ready' });
    const seen: string[] = [];
    for await (const { status } of watch()) seen.push(status);
    await change({ status: 'encoding' });
    for await (const { status } of watch()) {
      seen.push(status);
      if (status === 'encoding') await change({ status: 'failed' });
    }
    expect(seen).toEqual(['ready', 'encoding', 'failed']);
  });

  it('ends with the status deleting when it is removed', async () => {
    const seen: string[] = [];
    for await (const { status } of watch()) {
      seen.push(status);
      if (status === 'queued') await removeDocument(stores.services, 't', id);
    }
    expect(seen).toEqual(['queued', 'deleting']);
    await expect(watch().next()).rejects.toMatchObject({ code: 'document_not_found' });
  });

  it('ends when the watcher goes', async () => {
    const gone = new AbortController();
    const seen: string[] = [];
    for await (const { status } of watch(gone.signal)) {
      seen.push(status);
      setTimeout(() => gone.abort(), 20);
    }
    expect(seen).toEqual(['queued']);
  });

  it('sees what another instance writes, who can ring no bell here', async () => {
    const other = new Catalog(stores.services.catalog.table);
    const seen: string[] = [];
    for await (const { status } of watch()) {
      seen.push(status);
      if (status === 'queued') await change({ status: 'ready' }, other);
    }
    expect(seen).toEqual(['queued', 'ready']);
  });
});
