import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Catalog, type DocumentRow } from '../../../../shared/catalog/catalog.ts';
import { scrubIfDue } from '../../../../shared/catalog/scrub.ts';
import { openEnvironment } from '../../../../shared/storage/lmdb/environment.ts';
import { openLmdbTable } from '../../../../shared/storage/table/lmdb.ts';

/** Longer than the 7 bytes of an old row that LMDB may leave below a row in use (see scrub.ts). */
const SECRET = 'SECRETWORD';

/** Text of the deleted documents and of the others, no word of it twice. */
const words = (tag: string, seed: number, count: number) =>
  Array.from({ length: count }, (_, i) => `${tag}${seed * 100 + i}`).join(' ');

const document = fc.record({
  secret: fc.boolean(),
  place: fc.stringMatching(/^[a-z]{1,6}$/),
  title: fc.integer({ min: 1, max: 30 }),
  passages: fc.array(
    fc.record({ words: fc.integer({ min: 1, max: 200 }), tokens: fc.integer({ max: 300, min: 0 }) }),
    {
      maxLength: 10,
    },
  ),
});

it('deleted rows leave nothing in the file, not between the rows of pages that are in use either', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(document, { minLength: 15, maxLength: 30 }), async (documents) => {
      const directory = mkdtempSync(join(tmpdir(), 'blockrag-scrub-'));
      const environment = await openEnvironment(directory);
      const catalog = new Catalog(openLmdbTable(environment));
      const kept = new Map<string, number>();
      for (const [n, { secret, place, title, passages }] of documents.entries()) {
        const tag = secret ? SECRET : 'KEPT';
        const id = `${place}-${n}`;
        const row = { id, tenant: 't', collection: 'c', name: id, title: words(tag, n, 1) } as DocumentRow;
        await catalog.documents.update('t', id, () => row);
        await catalog.passages.put(
          id,
          'v',
          passages.map(({ words: count, tokens }, index) => ({
            index,
            title: 'T',
            text: words(tag, n * 100 + index, count),
            page: null,
            tokens: new Uint32Array(tokens),
            blobKey: `k${n}-${index}`,
          })),
        );
        await catalog.documents.update('t', id, (current) => ({ ...current!, title: words(tag, n, title) }));
        if (!secret) kept.set(id, passages.length);
      }
      for (const [n, { secret, place }] of documents.entries()) {
        if (!secret) continue;
        const id = `${place}-${n}`;
        await catalog.documents.update('t', id, (current) => ({ ...current!, title: '' }));
        await catalog.passages.deleteVersion(id, 'v');
        await catalog.documents.update('t', id, () => null);
      }
      await scrubIfDue(catalog.table);
      expect(readFileSync(join(directory, 'data.mdb')).includes(SECRET)).toBe(false);
      expect((await catalog.documents.all('t')).map(({ id }) => id).sort()).toEqual([...kept.keys()].sort());
      for (const [id, count] of kept) expect(await catalog.passages.ofVersion(id, 'v')).toHaveLength(count);
      await environment.close();
      rmSync(directory, { recursive: true });
    }),
    // Shrinking would take longer than a test may.
    { numRuns: 5, endOnFailure: true },
  );
});
