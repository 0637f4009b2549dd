import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Catalog, type DocumentRow } from '../../../../shared/catalog/catalog.ts';
import { scrubIfDue } from '../../../../shared/catalog/scrub.ts';
import { checkPages } from '../../../../shared/storage/lmdb/check.ts';
import { type Environment, openEnvironment } from '../../../../shared/storage/lmdb/environment.ts';
import { scrubDatabase } from '../../../../shared/storage/lmdb/scrub.ts';
import { openLmdbTable } from '../../../../shared/storage/table/lmdb.ts';
import { temporaryDirectory } from '../../../support/product/directory.ts';

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

const keyOf = (name: string) => Buffer.from(name);
const holds = (directory: string, text: string) => readFileSync(join(directory, 'data.mdb')).includes(text);
const rowsOf = (environment: Environment) => environment.database<string>('rows');

it('the file does not grow, however often it is overwritten', async () => {
  const directory = temporaryDirectory();
  const environment = await openEnvironment(directory);
  const rows = rowsOf(environment);
  const sizes: number[] = [];
  for (let round = 0; round < 25; round++) {
    const names = Array.from({ length: 60 }, (_, i) => keyOf(`${round}-${i}`));
    await environment.write(() => {
      for (const [i, name] of names.entries()) rows.putSync(name, `${SECRET}${'x'.repeat(60 * (i + 1))}`);
    });
    await environment.write(() => {
      for (const name of names) rows.removeSync(name);
    });
    await environment.write(() => void rows.putSync(keyOf(`kept-${round}`), 'kept'));
    expect(holds(directory, SECRET)).toBe(true);
    expect(await scrubDatabase(environment, rows)).toBe(true);
    expect(holds(directory, SECRET)).toBe(false);
    sizes.push(statSync(join(directory, 'data.mdb')).size);
  }
  expect(sizes.at(-1)).toBeLessThanOrEqual(sizes[4]!);
  expect(environment.read(() => rows.getCount())).toBe(25);
  await environment.close();
});

it('rows that are written, read and copied meanwhile are whole', async () => {
  const directory = temporaryDirectory();
  const environment = await openEnvironment(directory);
  const rows = rowsOf(environment);
  const expected = new Map<string, string>();
  const textOf = (n: number) => `${n} `.repeat(1 + ((n * 7919) % 3000));
  let n = 0;
  let stop = false;
  const write = async () => {
    while (!stop) {
      n++;
      const name = `row-${n % 97}`;
      const text = n % 5 === 0 ? undefined : textOf(n);
      const write = environment.write(
        () => void (text === undefined ? rows.removeSync(keyOf(name)) : rows.putSync(keyOf(name), text)),
      );
      if (text === undefined) expected.delete(name);
      else expected.set(name, text);
      await write;
    }
  };
  const check = (of: Environment) => {
    for (const { key, value } of rowsOf(of).getRange()) {
      const number = Number(value.slice(0, value.indexOf(' ')));
      expect([key.toString(), value]).toEqual([`row-${number % 97}`, textOf(number)]);
    }
  };
  const writing = write();
  for (let round = 0; round < 12; round++) {
    const copy = temporaryDirectory();
    const copying = environment.copyTo(copy);
    await scrubDatabase(environment, rows);
    await copying;
    environment.read(() => check(environment));
    const copied = await openEnvironment(copy);
    copied.read(() => check(copied));
    await copied.close();
  }
  stop = true;
  await writing;
  environment.refresh();
  const left = environment.read(() => [...rows.getRange()].map(({ key, value }) => [key.toString(), value]));
  expect(new Map(left as [string, string][])).toEqual(expected);
  await environment.close();
  await checkPages(join(directory, 'data.mdb'));
});

it('what the reader of an older state still needs stays until it has ended', async () => {
  const directory = temporaryDirectory();
  const environment = await openEnvironment(directory);
  const rows = rowsOf(environment);
  await environment.write(() => void rows.putSync(keyOf('a'), SECRET));
  const reader = spawn(process.execPath, ['--input-type=module', '--eval', READER, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: reader.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('begun');
  await environment.write(() => void rows.removeSync(keyOf('a')));
  expect(await scrubDatabase(environment, rows)).toBe(false);
  reader.stdin.end();
  expect((await lines.next()).value).toBe(SECRET);
  await once(reader, 'exit');
  expect(await scrubDatabase(environment, rows)).toBe(true);
  expect(holds(directory, SECRET)).toBe(false);
  await environment.close();
});

/** Looks at one state until its input ends, and says what it reads then. */
const READER = `
import { open } from 'lmdb';
const rows = open({ path: process.argv[1], noSubdir: false }).openDB('rows', { keyEncoding: 'binary', useRecords: false });
const transaction = rows.useReadTransaction();
console.log('begun');
for await (const _ of process.stdin);
console.log(rows.get(Buffer.from('a'), { transaction }));
transaction.done();
`;
