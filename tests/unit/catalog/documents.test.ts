import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog, type DocumentRow } from '../../../shared/catalog/catalog.ts';
import { openCatalog } from '../../support/open-catalog.ts';

let catalog: Catalog;
let dispose: () => Promise<void>;
beforeEach(async () => {
  ({ catalog, dispose } = await openCatalog());
});
afterEach(() => dispose());

const row = (id: string, collection = 'default'): DocumentRow => ({
  id,
  tenant: 't',
  collection,
  name: id,
  title: id,
  metadata: {},
  mediaType: null,
  bytes: 1,
  sha256: '',
  status: 'ready',
  version: 'v1',
  pending: null,
  retiring: [],
  fingerprint: null,
  pendingFingerprint: null,
  ready: null,
  passages: 1,
  encoded: 1,
  tokens: 1,
  error: null,
  created: 1,
  updated: 1,
});

describe('document rows', () => {
  it('changed by several at once have every change', async () => {
    await catalog.documents.update('t', 'a', () => row('a'));
    const add = () =>
      catalog.documents.update('t', 'a', (current) => ({ ...current!, passages: current!.passages + 1 }));
    await Promise.all(Array.from({ length: 8 }, add));
    expect((await catalog.documents.get('t', 'a'))!.passages).toBe(9);
  });

  it('stay as they are when a change gives nothing, and go when it gives null', async () => {
    await catalog.documents.update('t', 'a', () => row('a'));
    const before = await catalog.documents.get('t', 'a');
    expect(await catalog.documents.update('t', 'a', () => undefined)).toEqual(before);
    expect(await catalog.documents.get('t', 'a')).toEqual(before);
    await catalog.documents.update('t', 'a', () => null);
    expect(await catalog.documents.get('t', 'a')).toBeUndefined();
    expect(await catalog.collections.has('t', 'default')).toBe(true);
  });

  it('are paged through by collection, each once', async () => {
    for (let n = 0; n < 11; n++) {
      await catalog.documents.update('t', `d${n}`, () => row(`d${n}`, n % 3 === 0 ? 'third' : 'default'));
    }
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await catalog.documents.page('t', { collection: 'third', limit: 2, after });
      expect(page.documents.length).toBeLessThanOrEqual(2);
      seen.push(...page.documents.map(({ id }) => id));
      after = page.next;
    } while (after !== undefined);
    expect(seen.sort()).toEqual(['d0', 'd3', 'd6', 'd9']);
  });
});

describe('tenants', () => {
  it('are known with their first document, and stay known', async () => {
    expect(await catalog.tenants.all()).toEqual([]);
    for (const tenant of ['z', 'b', 'z']) {
      await catalog.documents.update(tenant, 'a', (current) => current ?? { ...row('a'), tenant });
      await catalog.documents.update(tenant, 'c', () => ({ ...row('c'), tenant }));
    }
    expect(await catalog.tenants.all()).toEqual(['b', 'z']);
    await catalog.documents.update('b', 'a', () => null);
    expect(await new Catalog(catalog.table).tenants.all()).toEqual(['b', 'z']);
  });
});
