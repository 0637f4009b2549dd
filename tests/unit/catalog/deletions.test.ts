import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobUser } from '../../../shared/catalog/blobs.ts';
import { Catalog } from '../../../shared/catalog/catalog.ts';
import { openCatalog } from '../../support/open-catalog.ts';

let catalog: Catalog;
let dispose: () => Promise<void>;
beforeEach(async () => {
  ({ catalog, dispose } = await openCatalog());
});
afterEach(() => dispose());

const STATE = { tenant: 't', bytes: 10, tokens: 3 };

async function store(key: string, user: BlobUser): Promise<void> {
  expect(await catalog.blobs.use([key], user)).toEqual([]);
  expect(await catalog.blobs.put(key, STATE, user)).toBe(true);
}
const a1 = { document: 'a', version: 'v1' };
const b1 = { document: 'b', version: 'v1' };

describe('the deletion of a blob', () => {
  const begin = () => catalog.deletions.begin({ key: 'key', tenant: 't', evicts: false, since: 1 });

  it('keeps the blob from being used or stored until it is over', async () => {
    await store('key', a1);
    const deletion = (await begin())!;
    expect(await catalog.blobs.use(['other', 'key'], b1)).toEqual([deletion]);
    expect(await catalog.blobs.put('key', STATE, a1)).toBe(false);
    await catalog.deletions.end(deletion);
    expect(await catalog.blobs.has('key')).toBe(false);
    await store('key', b1);
    expect(await catalog.blobs.has('key')).toBe(true);
  });

  it('that begins while a use is recorded makes that one fail', async () => {
    const { table } = catalog;
    const racing = new Catalog(
      Object.assign(Object.create(table), {
        getMany: async (keys: Parameters<typeof table.getMany>[0]) => {
          const rows = await table.getMany(keys);
          await begin();
          return rows;
        },
        write: table.write.bind(table),
      }),
    );
    await expect(racing.blobs.use(['key'], a1)).rejects.toMatchObject({ code: 'conflict' });
    expect(await catalog.blobs.usersOf('key', 1)).toEqual([]);
  });

  it('has one deleter, and another only when it is taken over; the first can end it no more', async () => {
    await store('key', a1);
    const first = (await begin())!;
    expect(await begin()).toBeUndefined();
    const second = (await catalog.deletions.takeOver(first, 2))!;
    expect(await catalog.deletions.takeOver(first, 3)).toBeUndefined();
    await catalog.deletions.end(first);
    await catalog.deletions.abandon(first);
    expect(await catalog.deletions.of(['key', 'other'])).toEqual([second]);
    const all = [];
    for await (const deletion of catalog.deletions.every()) all.push(deletion);
    expect(all).toEqual([]);
    await catalog.deletions.abandon(second);
    expect(await catalog.blobs.has('key')).toBe(true);
  });
});
