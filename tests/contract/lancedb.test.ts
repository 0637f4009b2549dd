import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLanceIndex } from '../../shared/retrieval/lancedb.ts';
import type { PassageIndex } from '../../shared/retrieval/ports.ts';
import { passageIndexContract } from '../../shared/storage/contracts/passage-index.ts';
import { ask, ids, passage, toward } from '../../shared/storage/contracts/passages.ts';
import { describeContract } from '../support/contract.ts';

const WRITER = fileURLToPath(new URL('../support/children/lancedb-writer.ts', import.meta.url));

describeContract(
  'the passage index on LanceDB',
  passageIndexContract(async () => {
    const directory = await temporaryDirectory();
    return {
      open: () => openLanceIndex(directory),
      close: () => rm(directory, { recursive: true }),
    };
  }),
);

describeContract(
  'the passage index on LanceDB, in segments of some rows',
  passageIndexContract(async () => {
    const directory = await temporaryDirectory();
    return {
      open: () => openLanceIndex(directory, { segmentRows: 5 }),
      close: () => rm(directory, { recursive: true }),
    };
  }),
);

describe('segments of LanceDB', () => {
  let directory: string;
  let index: PassageIndex;
  const open = () => openLanceIndex(directory, { segmentRows: 20 });
  beforeEach(async () => {
    directory = await temporaryDirectory();
    index = await open();
  });
  afterEach(async () => {
    await index.close();
    await rm(directory, { recursive: true });
  });

  /** Documents of two passages each. */
  const documents = (from: number, to: number) =>
    Array.from({ length: 2 * (to - from) }, (_, i) => {
      const document = `document ${from + (i >> 1)}.`;
      return passage({ id: `${document} ${i % 2}`, document, text: `word${from + (i >> 1)}x` });
    });
  const tables = async () => (await readdir(directory)).filter((name) => name.endsWith('.lance')).sort();
  const filesOf = async (table: string) =>
    (await files(join(directory, table))).filter((file) => /\/(data|_indices)\//.test(file)).sort();
  const tableOf = async (document: string) => {
    const [file] = (await holding(directory, document)).filter((name) => name.includes('/data/'));
    return file!.slice(directory.length + 1).split('/')[0]!;
  };

  it('moves documents to a table of their own when there are many, and finds all of them', async () => {
    await index.add(documents(0, 15));
    await index.optimize();
    expect(await tables()).toEqual(['passages.lance']);
    await index.add(documents(15, 50));
    await index.optimize();
    expect(await tables()).toHaveLength(5);
    const found = ids(await ask(index, { limit: 100 }));
    expect(new Set(found).size).toBe(100);
    expect((await index.counts()).size).toBe(50);
    for (const number of [0, 1, 25, 48, 49]) {
      const hits = await ask(index, { text: `word${number}x`, limit: 4 });
      expect(hits.map(({ document }) => document)).toContain(`document ${number}.`);
    }
    await index.close();
    index = await open();
    expect(ids(await ask(index, { limit: 100 })).sort()).toEqual(found.sort());
    expect(await ask(index, { text: 'word3x', limit: 100, tenant: 'other' })).toEqual([]);
  });

  it('erases a text by making anew its own table alone', async () => {
    await index.add(documents(0, 50));
    await index.optimize();
    const concerned = await tableOf('document 2.');
    const before = new Map(
      await Promise.all((await tables()).map(async (table) => [table, await filesOf(table)] as const)),
    );
    await index.remove('document 2.');
    await index.optimize();
    for (const [table, held] of before) {
      const now = await filesOf(table);
      if (table === concerned) expect(now.filter((file) => held.includes(file))).toEqual([]);
      else expect(now).toEqual(held);
    }
    expect(await holding(directory, 'document 2.')).toEqual([]);
    expect(await holding(directory, 'word2x')).toEqual([]);
    expect(await ask(index, { limit: 100 })).toHaveLength(98);
  });

  it('has a passage once that is added again after it was moved', async () => {
    await index.add(documents(0, 50));
    await index.optimize();
    const [one, ...others] = documents(0, 50);
    await index.add([{ ...one!, version: '2' }]);
    expect((await index.counts()).get('document 0./2')).toBe(1);
    expect((await index.counts()).get('document 0./1')).toBe(1);
    await index.add(others);
    expect((await ask(index, { limit: 200 })).length).toBe(100);
  });

  it('takes back the rows of a table that has become small', async () => {
    await index.add(documents(0, 50));
    await index.optimize();
    const many = await tables();
    for (let number = 0; number < 40; number++) await index.remove(`document ${number}.`);
    await index.optimize();
    expect((await tables()).length).toBeLessThan(many.length);
    expect(new Set(ids(await ask(index, { limit: 100 })))).toEqual(
      new Set(documents(40, 50).map(({ id }) => id)),
    );
    expect(await holding(directory, 'document 7.')).toEqual([]);
  });

  it('goes on where it was broken off, and loses nothing by that', async () => {
    await index.add(documents(0, 25));
    let looked = 0;
    const stopAt = (time: number): AbortSignal => {
      const controller = new AbortController();
      looked = 0;
      controller.signal.throwIfAborted = () => {
        if (++looked === time) throw new DOMException('The time is over.', 'TimeoutError');
      };
      return controller.signal;
    };
    let stopped = 0;
    for (let time = 1; time < 60; time++) {
      await index.optimize({ signal: stopAt(time) }).catch((error: unknown) => {
        expect(error).toMatchObject({ name: 'TimeoutError' });
        stopped++;
      });
      if (stopped < time) break;
      expect(new Set(ids(await ask(index, { limit: 200 }))).size).toBe(50);
    }
    expect(stopped).toBeGreaterThan(2);
    expect([...(await index.counts()).values()]).toEqual(Array.from({ length: 25 }, () => 2));
  });

  it('takes over an index of one large table', async () => {
    const old = await openLanceIndex(directory);
    await old.add(documents(0, 50));
    await old.optimize();
    await old.close();
    expect(await tables()).toEqual(['passages.lance']);
    await index.optimize({ ifDue: true });
    expect((await tables()).length).toBeGreaterThan(1);
    expect(new Set(ids(await ask(index, { limit: 100 }))).size).toBe(100);
  });

  it('removes a table that cannot be opened, and counts what is missing then', async () => {
    await index.add(documents(0, 50));
    await index.optimize();
    const [, damaged] = await tables();
    await index.close();
    for (const file of await files(join(directory, damaged!))) {
      if (file.includes('/_versions/')) await rm(file);
    }
    index = await open();
    expect(await ask(index, { text: 'word1x' })).toHaveLength(10);
    expect((await index.counts()).size).toBeLessThan(50);
    await index.add(documents(0, 50));
    await index.optimize();
    expect(await tables()).not.toContain(damaged);
    expect(new Set(ids(await ask(index, { limit: 200 }))).size).toBe(100);
  });

  it('begins anew with nothing of any table', async () => {
    await index.add(documents(0, 50));
    await index.optimize();
    await index.reset();
    expect(await tables()).toEqual(['passages.lance']);
    expect(await ask(index, { limit: 100 })).toEqual([]);
  });

  it('is changed by two openers at once', async () => {
    const other = await open();
    await index.add(documents(0, 60));
    // Now and then LanceDB panics where an erasure removes the version that a deletion begins with.
    await Promise.all([
      index.optimize(),
      (async () => {
        for (let number = 0; number < 10; number++) await other.remove(`document ${number}.`);
        await other.add(documents(60, 65));
      })(),
    ]);
    for (const opener of [index, other]) {
      const found = new Set(ids(await ask(opener, { limit: 200 })));
      expect(found).toEqual(new Set(documents(10, 65).map(({ id }) => id)));
    }
    await other.close();
  });
});

describe('LanceDB', () => {
  let directory: string;
  let index: PassageIndex;
  beforeEach(async () => {
    directory = await temporaryDirectory();
    index = await openLanceIndex(directory);
  });
  afterEach(async () => {
    await index.close();
    await rm(directory, { recursive: true });
  });

  it('writes concurrent calls together', async () => {
    const table = await openTable(directory);
    const before = await table.version();
    await Promise.all(Array.from({ length: 100 }, (_, i) => index.add([passage({ id: `p${i}` })])));
    expect((await table.version()) - before).toBeLessThanOrEqual(2);
    expect(await table.countRows()).toBe(100);
  });

  it('leaves nothing of a removed text on the disk after optimize()', async () => {
    // One passage of many: LanceDB by itself keeps the file until a tenth of its rows are deleted.
    const others = Array.from({ length: 100 }, (_, i) => passage({ id: `p${i}` }));
    const secret = passage({
      id: 'p',
      document: 'confidential-document',
      text: 'Tell nobody of Rumpelstiltskin.',
    });
    await index.add([...others, secret]);
    await index.optimize();
    const held = (await files(directory)).filter((file) => /\/(data|_indices)\//.test(file));
    expect(held.length).toBeGreaterThan(0);
    expect(await holding(directory, 'confidential-document')).not.toEqual([]);

    await index.remove('confidential-document');
    expect(await ask(index, { text: 'Rumpelstiltskin' })).toHaveLength(10);
    await index.optimize();

    // Files are never changed, and text is compressed in them: what holds no byte of it is what came after.
    const left = new Set(await files(directory));
    expect(held.filter((file) => left.has(file))).toEqual([]);
    expect(await holding(directory, 'confidential-document')).toEqual([]);
    expect(await holding(directory, 'umpelstiltskin')).toEqual([]);
    expect(await ask(index, { limit: 200 })).toHaveLength(100);
  });

  it('is optimized in proportion to what has changed, where it is not asked to be at once', async () => {
    const table = await openTable(directory);
    const optimizes = async () => {
      const before = await table.version();
      await index.optimize({ ifDue: true });
      return (await table.version()) > before;
    };
    const add = (from: number, to: number) =>
      index.add(
        Array.from({ length: to - from }, (_, i) =>
          passage({ id: `p${from + i}`, document: `d${from + i}` }),
        ),
      );
    await add(0, 400);
    expect(await optimizes()).toBe(true);
    await add(400, 440);
    expect(await optimizes()).toBe(false);
    expect(ids(await ask(index, { limit: 440 }))).toContain('p439');
    await add(440, 450);
    expect(await optimizes()).toBe(true);
    // Many small files are slow to search, however few rows they have.
    for (let i = 450; i < 481; i++) await add(i, i + 1);
    expect(await optimizes()).toBe(false);
    await add(481, 482);
    expect(await optimizes()).toBe(true);
    await add(482, 483);
    expect(await optimizes()).toBe(false);
    const before = await table.version();
    await index.optimize();
    const after = await table.version();
    expect(after).toBeGreaterThan(before);
    // By another process, which cannot know.
    const again = await openLanceIndex(directory);
    await again.optimize();
    await again.close();
    expect(await table.version()).toBe(after);
  });

  it.each([
    ['of one document in a file of its own', ['a secret']],
    ['of one of several in files of their own', ['a secret', 'b', 'c', 'd']],
    ['of the last document', ['a secret']],
  ])('leaves nothing of the text %s after optimize()', async (which, documents) => {
    if (!which.includes('last')) {
      await index.add(Array.from({ length: 9 }, (_, i) => passage({ id: `p${i}` })));
      await index.optimize();
    }
    for (const document of documents) {
      await index.add([0, 1].map((i) => passage({ id: `${document}${i}`, document })));
      if (which.includes('last')) await index.optimize({ ifDue: true });
    }
    expect(await holding(directory, 'a secret')).not.toEqual([]);
    await index.remove('a secret');
    await index.optimize();
    expect(await holding(directory, 'a secret')).toEqual([]);
  });

  it('leaves no rows on the disk when all are removed', async () => {
    await index.add([passage({ id: 'p', document: 'd' })]);
    await index.optimize();
    await index.remove('d');
    await index.optimize();
    expect((await files(directory)).filter((file) => file.includes('/data/'))).toEqual([]);
  });

  it('builds a vector index above 5,000 rows that finds in small collections too', async () => {
    const rows = Array.from({ length: 5_100 }, (_, i) => {
      const vector = toward(...Array.from({ length: 384 }, (_, axis) => Math.sin((i + 1) * (axis + 1) ** 2)));
      return passage({ id: `p${i}`, document: `d${i % 50}`, text: `word${i}x and more`, vector });
    });
    const small = [0, 1, 2].map((i) => passage({ id: `small${i}`, tenant: 'small', vector: toward(i, 1) }));
    await index.add([...rows, ...small]);
    for (const document of ['d1', 'd2']) {
      await index.optimize();
      const table = await openTable(directory);
      expect((await table.listIndices()).map(({ name }) => name).sort()).toEqual([
        'collection_idx',
        'tenant_idx',
        'vector_idx',
        'words_idx',
      ]);
      const [hit] = await ask(index, { text: 'word500x', vector: rows[500]!.vector });
      expect(hit!.id).toBe('p500');
      expect(hit!.similarity).toBeCloseTo(1, 5);
      expect(ids(await ask(index, { tenant: 'small' }))).toEqual(['small0', 'small1', 'small2']);
      await index.remove(document);
    }
  });

  it('has everything that was acknowledged to a process that was killed', async () => {
    for (const name of ['first', 'second']) {
      const writer = startWriter(directory, name, 1_000_000);
      while (writer.acknowledged.length < 40) await once(writer.process.stdout!, 'data');
      writer.process.kill('SIGKILL');
      await once(writer.process, 'close');
      const table = await openTable(directory);
      const stored = (await table.query().select(['id']).toArray()).map(({ id }) => id as string);
      expect(stored).toEqual(expect.arrayContaining(writer.acknowledged));
      expect(new Set(stored).size).toBe(stored.length);
    }
    await index.add([passage({ id: 'after', vector: toward(0, 1) })]);
    await index.optimize();
    expect(ids(await ask(index, { limit: 1 }))).toEqual(['after']);
  });

  it('has no passage twice when two processes add the same at once', async () => {
    const writers = ['first', 'second'].map((name) => startWriter(directory, name, 80));
    await succeeded(writers);
    const table = await openTable(directory);
    const stored = (await table.query().select(['id']).toArray()).map(({ id }) => id as string);
    expect(stored.toSorted()).toEqual(
      [...new Set(writers.flatMap(({ acknowledged }) => acknowledged))].sort(),
    );
    expect(stored).toHaveLength(120);
  });

  it('is created once by two processes that open a new directory at once', async () => {
    const fresh = join(directory, 'fresh');
    const writers = ['first', 'second'].map((name) => startWriter(fresh, name, 4));
    await succeeded(writers);
    const both = await openLanceIndex(fresh);
    expect(await ask(both, {})).toHaveLength(6);
    await both.close();
  });

  it('refuses a table of another shape', async () => {
    const lancedb = await import('@lancedb/lancedb');
    const connection = await lancedb.connect(join(directory, 'other'));
    await connection.createTable('passages', [{ id: 'x', text: 'y' }]);
    await expect(openLanceIndex(join(directory, 'other'))).rejects.toMatchObject({
      code: 'data_format_unknown',
    });
  });

  it.each([
    ['removed', (path: string) => rm(path)],
    ['cut short', (path: string) => truncate(path, 20)],
    ['changed', (path: string) => writeFile(path, Buffer.alloc(4_000, 0x5a))],
  ])('says which files are damaged, and begins anew: %s', async (_, damage) => {
    await index.add([passage({ id: 'p' })]);
    await index.optimize();
    await index.close();
    for (const [folder, opens] of [
      ['data', true],
      ['_versions', false],
    ] as const) {
      const place = join(directory, `copy-${folder}`);
      await cp(join(directory, 'passages.lance'), join(place, 'passages.lance'), { recursive: true });
      for (const file of await files(place)) if (file.includes(`/${folder}/`)) await damage(file);
      const opened = await openLanceIndex(place);
      if (opens) {
        const refused = { code: 'storage_failed', data: { damaged: true } };
        await expect(ask(opened, {})).rejects.toMatchObject(refused);
        await expect(opened.counts({ thorough: true })).rejects.toMatchObject(refused);
        await opened.reset();
      }
      expect(await opened.counts()).toEqual(new Map());
      await opened.add([passage({ id: 'q' })]);
      expect(ids(await ask(opened, {}))).toEqual(['q']);
      await opened.close();
    }
    index = await openLanceIndex(directory);
  });

  it('says that an index of a scope is damaged', async () => {
    await index.add([passage({ id: 'p' })]);
    await index.optimize();
    await index.close();
    const damaged = (await files(directory)).filter((file) => file.endsWith('bitmap_page_lookup.lance'));
    expect(damaged.length).toBeGreaterThan(0);
    for (const file of damaged) await truncate(file, 20);
    index = await openLanceIndex(directory);
    const refused = { code: 'storage_failed', data: { damaged: true } };
    await expect(ask(index, {})).rejects.toMatchObject(refused);
    await expect(index.counts({ thorough: true })).rejects.toMatchObject(refused);
    await index.reset();
    expect(await ask(index, {})).toEqual([]);
  });

  it('names a place where it cannot write', async () => {
    const place = join(directory, 'passages.lance', 'data', 'x\0y');
    await expect(openLanceIndex(place)).rejects.toMatchObject({ code: 'storage_failed' });
  });
});

function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'blockrag-lancedb-'));
}

async function openTable(directory: string) {
  const lancedb = await import('@lancedb/lancedb');
  return (await lancedb.connect(directory, { readConsistencyInterval: 0 })).openTable('passages');
}

async function files(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function holding(directory: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for (const file of await files(directory)) if ((await readFile(file)).includes(text)) found.push(file);
  return found;
}

async function succeeded(writers: { process: ChildProcess }[]): Promise<void> {
  const ends = await Promise.all(writers.map(({ process }) => once(process, 'close')));
  for (const end of ends) expect(end).toEqual([0, null]);
}

function startWriter(
  directory: string,
  name: string,
  count: number,
): { process: ChildProcess; acknowledged: string[] } {
  const process_ = spawn(process.execPath, ['--import', 'tsx', WRITER, directory, name, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: string[] = [];
  let rest = '';
  process_.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop()!;
    acknowledged.push(...lines);
  });
  return { process: process_, acknowledged };
}
