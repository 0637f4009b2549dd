import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DocumentRow, DocumentStatus } from '../../../../shared/catalog/catalog.ts';
import { submitDocument } from '../../../../shared/pipeline/intake/submit.ts';
import { listCollections } from '../../../../shared/pipeline/listing/collections.ts';
import { type ListOptions, listDocuments } from '../../../../shared/pipeline/listing/documents.ts';
import { removeCollection } from '../../../../shared/pipeline/removal/collection.ts';
import { removeDocument } from '../../../../shared/pipeline/removal/retire.ts';
import { document, type OpenedStores, openTestStores } from '../../../support/stores.ts';

let stores: OpenedStores;
beforeEach(async () => {
  stores = await openTestStores();
});
afterEach(() => stores.close());

const add = (name: string, more: Partial<Parameters<typeof document>[0]> = {}) =>
  submitDocument(stores.services, document({ name, ...more }));
const change = (id: string, more: Partial<DocumentRow>) =>
  stores.services.catalog.documents.update('t', id, (row) => ({ ...row!, ...more }));

describe('collections', () => {
  it('are listed by name with what they hold, those of other tenants are not', async () => {
    const made = { version: 'v', pending: null, fingerprint: 'model', passages: 4, tokens: 50 };
    const facts = { status: 'ready', ...made } as const;
    await change((await add('a', { collection: 'zoo' })).id, facts);
    const replaced = (await add('b', { collection: 'zoo' })).id;
    await change(replaced, facts);
    await add('b', { collection: 'zoo', bytes: new Uint8Array(9).fill(65) });
    await add('c', { collection: 'Ärzte 東京 '.repeat(50) });
    await add('d', { tenant: 'other', collection: 'secret' });
    // Made with another embedding model: it answers nothing; made with another model: it is made again.
    await change((await add('e', { collection: 'zoo' })).id, { ...facts, fingerprint: 'm.r.t.k.p.embedder' });
    await change((await add('f', { collection: 'zoo' })).id, { ...facts, fingerprint: 'earlier' });
    expect(await listCollections(stores.services, 't')).toEqual([
      { name: 'zoo', documents: 4, passages: 12, tokens: 150, outdated: 1 },
      { name: 'Ärzte 東京 '.repeat(50), documents: 1, passages: 0, tokens: 0, outdated: 0 },
    ]);
  });

  it('go with all their documents, and only with theirs', async () => {
    for (let n = 0; n < 30; n++) await add(`d${n}`, { collection: 'old' });
    const { replaced: _, ...kept } = await add('kept', { collection: 'new' });
    const { replaced: __, ...foreign } = await add('d1', { tenant: 'other', collection: 'old' });
    await removeCollection(stores.services, 't', 'old');
    expect(await listDocuments(stores.services, 't', { limit: 100 })).toEqual({
      documents: [kept],
      next: undefined,
    });
    expect((await listCollections(stores.services, 't')).map(({ name }) => name)).toEqual(['new']);
    expect(await stores.services.catalog.documents.get('other', foreign.id)).toEqual(foreign);
    await expect(removeCollection(stores.services, 't', 'old')).rejects.toMatchObject({
      code: 'collection_not_found',
    });
  });

  it('stay when a document comes while they are deleted', async () => {
    for (let n = 0; n < 5; n++) await add(`d${n}`, { collection: 'busy' });
    const removing = removeCollection(stores.services, 't', 'busy');
    const late = await add('late', { collection: 'busy' });
    await removing;
    const names = (await listCollections(stores.services, 't')).map(({ name }) => name);
    const row = await stores.services.catalog.documents.get('t', late.id);
    expect(names.includes('busy')).toBe(true);
    expect(row).toBeDefined();
  });

  it('are there when their last document is gone, and hold it again when it comes again', async () => {
    const { id } = await add('a');
    await removeDocument(stores.services, 't', id);
    expect(await listCollections(stores.services, 't')).toMatchObject([{ name: 'default', documents: 0 }]);
    await add('a');
    expect(await listCollections(stores.services, 't')).toMatchObject([{ name: 'default', documents: 1 }]);
  });
});

describe('a listing of documents', () => {
  it('gives each that matches once, whatever the size of the pages', async () => {
    const rows: DocumentRow[] = [];
    for (let n = 0; n < 40; n++) {
      const metadata = { parity: n % 2 === 0 ? 'even' : 'odd', third: n % 3 };
      const row = await add(`d${n}`, { collection: n % 4 === 0 ? 'fourth' : 'default', metadata });
      rows.push(n % 5 === 0 ? (await change(row.id, { status: 'failed' }))! : row);
    }
    await removeDocument(stores.services, 't', rows[7]!.id);
    const options = fc.record({
      collection: fc.constantFrom(undefined, 'fourth', 'default', 'none'),
      status: fc.constantFrom<DocumentStatus[] | undefined>(undefined, ['failed'], ['queued', 'ready']),
      filter: fc.constantFrom<ListOptions['filter']>(
        undefined,
        { parity: 'odd' },
        { third: [0, 2], parity: 'even' },
        { none: true },
      ),
      limit: fc.integer({ min: 1, max: 50 }),
    });
    await fc.assert(
      fc.asyncProperty(options, async ({ collection, status, filter, limit }) => {
        const seen: string[] = [];
        let after: string | undefined;
        do {
          const page = await listDocuments(stores.services, 't', {
            collection,
            status,
            filter,
            limit,
            after,
          });
          expect(page.documents.length).toBeLessThanOrEqual(limit);
          seen.push(...page.documents.map(({ id }) => id));
          after = page.next;
        } while (after !== undefined);
        const expected = rows.filter(
          (row, n) =>
            n !== 7 &&
            (collection === undefined || row.collection === collection) &&
            (status === undefined || status.includes(row.status)) &&
            (filter === undefined ||
              Object.entries(filter).every(([name, value]) =>
                [value].flat().some((one) => one === row.metadata[name]),
              )),
        );
        expect(seen).toEqual(expected.map(({ id }) => id).sort());
      }),
      { numRuns: 60 },
    );
  });
});
