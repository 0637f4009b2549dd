import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Catalog } from '../../../shared/catalog/catalog.ts';
import { parsePassageId, passageId } from '../../../shared/catalog/passages.ts';
import { openCatalog } from '../../support/open-catalog.ts';

let catalog: Catalog;
let dispose: () => Promise<void>;
beforeEach(async () => {
  ({ catalog, dispose } = await openCatalog());
});
afterEach(() => dispose());

describe('passages', () => {
  it('come back in reading order with their tokens', async () => {
    const passages = Array.from({ length: 12 }, (_, index) => ({
      index,
      title: 'T',
      text: `passage ${index}`,
      page: index % 2 ? index : null,
      tokens: Uint32Array.of(index, 70_000, 4_294_967_295),
      blobKey: `k${index}`,
    }));
    await catalog.passages.put('a', 'v1', passages.toReversed());
    expect(await catalog.passages.ofVersion('a', 'v1')).toEqual(passages);
    const id = { document: 'a', version: 'v1', index: 7 };
    expect(await catalog.passages.getMany([id, { ...id, index: 99 }])).toEqual([passages[7], undefined]);
    expect(parsePassageId(passageId(id))).toEqual(id);
  });
});

describe('a batch of encoded passages', () => {
  it('counts once, however often it is recorded', async () => {
    expect(await catalog.passages.putBatch('a', 'v1', 0, 8)).toBe(8);
    expect(await catalog.passages.putBatch('a', 'v1', 1, 3)).toBe(11);
    expect(await catalog.passages.putBatch('a', 'v1', 0, 8)).toBe(11);
    expect(await catalog.passages.putBatch('a', 'v2', 0, 8)).toBe(8);
  });
});
