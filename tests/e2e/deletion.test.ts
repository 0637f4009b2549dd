import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type Table } from '@lancedb/lancedb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_TENANT } from '../../shared/pipeline/defaults.ts';
import type { System } from '../../shared/pipeline/system.ts';
import { buildIndexes, loadLanceDb, PASSAGE_SCHEMA } from '../../shared/retrieval/lancedb-table.ts';
import { addText, askBlockrag, idle, openSystem } from '../support/product/blockrag.ts';
import { blobFiles, filesUnder, temporaryDirectory } from '../support/product/directory.ts';
import { FERRY, LIGHTHOUSE, manyPassages } from '../support/product/texts.ts';

const RUN = 16;
const data = temporaryDirectory();
let blockrag: System;

/** A text of words that are nowhere else: the digits of hashes in letters. */
const secretText = (of: string) => {
  const word = (n: number) =>
    createHash('sha256')
      .update(`${of} ${n}`)
      .digest('hex')
      .slice(0, 11)
      .replace(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit)));
  const sentence = (n: number) =>
    `${Array.from({ length: 9 }, (_, i) => word(n * 9 + i)).join(' ')} among the reeds.`;
  return `# ${word(1000)} ${word(1001)}\n\n${Array.from({ length: 12 }, (_, n) => sentence(n)).join(' ')}\n`;
};

/** The files that hold a run of 16 bytes of the text, raw. */
function filesWithRunsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const runs = new Set<string>();
  const starts = new Set<number>();
  for (let at = 0; at + RUN <= bytes.length; at++) {
    runs.add(bytes.toString('latin1', at, at + RUN));
    starts.add(bytes.readUInt32LE(at));
  }
  return filesUnder(data).filter((path) => {
    const file = readFileSync(join(data, path));
    for (let at = 0; at + RUN <= file.length; at++) {
      if (starts.has(file.readUInt32LE(at)) && runs.has(file.toString('latin1', at, at + RUN))) return true;
    }
    return false;
  });
}

/** The words of every row of every version that the index's files still hold, decoded by LanceDB. */
async function indexedWords(): Promise<string> {
  const table = await openTable();
  const words: string[] = [];
  for (const { version } of await table.listVersions()) {
    await table.checkout(version);
    for (const row of await table.query().select(['words']).toArray()) words.push(row.words);
  }
  return words.join('\n');
}

const openTable = async (): Promise<Table> => (await connect(join(data, 'index'))).openTable('passages');

/** The dictionaries of the word index: their files' bytes. */
function dictionaries(directory: string): Buffer[] {
  const folder = join(directory, 'passages.lance/_indices');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files
    .filter((path) => path.endsWith('tokens.lance'))
    .map((path) => readFileSync(join(folder, path)));
}

/** A word index of the rows that are there, in a place that never had others. */
async function fresh(): Promise<string> {
  const lancedb = await loadLanceDb();
  const directory = temporaryDirectory();
  const rows = await (await openTable()).query().toArrow();
  const table = await (await connect(directory)).createEmptyTable('passages', PASSAGE_SCHEMA);
  await table.add(rows);
  await buildIndexes(lancedb, table);
  return directory;
}

beforeAll(async () => {
  blockrag = await openSystem(data, { passageTokens: 64 });
  await addText(blockrag, 'ferry.md', FERRY);
  await addText(blockrag, 'notes.md', manyPassages(12, 0));
});
afterAll(() => blockrag?.close());

describe('the text of a document that was deleted, or replaced', () => {
  const deleted = secretText('deleted');
  const replaced = secretText('replaced');
  const late = secretText('late');
  const secrets = [deleted, replaced, late];
  let before: Buffer[];
  let blobs: string[];
  const words = secrets.flatMap((text) => text.match(/[a-p]{11}/g)!);

  it('is found in the data directory before', async () => {
    const { id, version } = await addText(blockrag, 'deleted.md', deleted);
    await addText(blockrag, 'replaced.md', replaced);
    await addText(blockrag, 'lighthouse.md', LIGHTHOUSE);
    for (const text of [deleted, replaced]) {
      const files = filesWithRunsOf(text).map((path) => path.split('/')[0]);
      expect(new Set(files)).toEqual(new Set(['blobs', 'catalog', 'index']));
    }
    const held = await indexedWords();
    for (const text of [deleted, replaced]) expect(held).toContain(text.match(/[a-p]{11}/g)![5]);
    before = dictionaries(join(data, 'index'));
    const { catalog } = blockrag.services;
    const passages = await catalog.passages.ofVersion(id, version!);
    blobs = passages.map(({ blobKey }) => blobFiles(data).find((path) => path.includes(blobKey))!);
    expect(blobs).not.toContain(undefined);

    const { citations } = await askBlockrag(
      blockrag,
      deleted
        .match(/[a-p]{11}/g)!
        .slice(3, 9)
        .join(' '),
    );
    expect(citations[0]).toMatchObject({ document: 'deleted.md' });
    await blockrag.remove(DEFAULT_TENANT, id);
    await addText(blockrag, 'replaced.md', '# Replaced\n\nNothing of interest is here.\n');
  });

  it('is in no file after, not in the rows of any version of the index, nor in its dictionary', async () => {
    // One that is deleted while it is still being made.
    const bytes = new TextEncoder().encode(late);
    const upload = { tenant: DEFAULT_TENANT, collection: 'default', name: 'late.md', mediaType: undefined };
    const { id } = await blockrag.add({ ...upload, bytes });
    await expect.poll(async () => (await blockrag.document(DEFAULT_TENANT, id))?.status).toBe('encoding');
    await blockrag.remove(DEFAULT_TENANT, id);
    await idle(blockrag);

    for (const text of secrets) expect(filesWithRunsOf(text)).toEqual([]);
    const held = await indexedWords();
    expect(held).toContain('Grimsay');
    for (const word of words) expect(held).not.toContain(word);
    const [dictionary, ...more] = dictionaries(join(data, 'index'));
    expect(more).toEqual([]);
    expect(dictionaries(await fresh())).toEqual([dictionary]);
    expect(before).not.toEqual([dictionary]);
    expect(blobFiles(data).filter((path) => blobs.includes(path))).toEqual([]);
    const { citations } = await askBlockrag(blockrag, 'When does the ferry to Grimsay leave?');
    expect(citations[0]).toMatchObject({ document: 'ferry.md' });
  });
});
