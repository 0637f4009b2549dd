import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Metadata } from '../../shared/catalog/catalog.ts';
import { DEFAULT_TENANT } from '../../shared/pipeline/defaults.ts';
import type { System } from '../../shared/pipeline/system.ts';
import { askBlockrag, idle, openSystem } from '../support/product/blockrag.ts';
import { blobFiles, filesHolding, temporaryDirectory } from '../support/product/directory.ts';
import { FERRY, LIGHTHOUSE } from '../support/product/texts.ts';

const QUESTION = 'When does the ferry to Grimsay leave?';
const data = temporaryDirectory();
let blockrag: System;

const add = async (name: string, text: string, metadata?: Metadata) => {
  const bytes = new TextEncoder().encode(text);
  const upload = { tenant: DEFAULT_TENANT, collection: 'default', name, mediaType: undefined, bytes };
  const { id } = await blockrag.add({ ...upload, metadata });
  await idle(blockrag);
  return (await blockrag.document(DEFAULT_TENANT, id))!;
};
const found = async (filter: Record<string, string | number | boolean | (string | number | boolean)[]>) =>
  (await askBlockrag(blockrag, QUESTION, { filter })).citations.map(({ document }) => document).sort();

beforeAll(async () => {
  blockrag = await openSystem(data);
  await add('ferry.md', FERRY, { kind: 'timetable', year: 2020, public: true });
  await add('ferry-2021.md', FERRY.replace('noon', 'dawn'), { kind: 'timetable', year: 2021 });
  await add('lighthouse.md', LIGHTHOUSE);
});
afterAll(() => blockrag?.close());

describe('a question with a filter', () => {
  it('is answered from the documents that match', async () => {
    expect(await found({})).toEqual(['ferry-2021.md', 'ferry.md', 'lighthouse.md']);
    expect(await found({ kind: 'timetable' })).toEqual(['ferry-2021.md', 'ferry.md']);
    expect(await found({ kind: ['timetable', 'x'], year: 2021 })).toEqual(['ferry-2021.md']);
    expect(await found({ public: true })).toEqual(['ferry.md']);
  });

  it('that nothing matches has no passages and no answer', async () => {
    const answer = await askBlockrag(blockrag, QUESTION, { filter: { year: '2020' } });
    expect(answer).toMatchObject({ finishReason: 'no_relevant_passages', citations: [] });
  });

  it('that is no filter is refused', async () => {
    const asked = askBlockrag(blockrag, QUESTION, { filter: { 'a b': 1 } });
    await expect(asked).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('the same bytes with other metadata', () => {
  it('are found by them, and no blob is computed for it', async () => {
    const before = blobFiles(data).map((path) => [path, statSync(path).mtimeMs]);
    const row = await add('ferry.md', FERRY, { kind: 'history', year: 2020 });
    expect(row).toMatchObject({ status: 'ready', metadata: { kind: 'history', year: 2020 }, retiring: [] });
    expect(blobFiles(data).map((path) => [path, statSync(path).mtimeMs])).toEqual(before);
    expect(await found({ kind: 'history' })).toEqual(['ferry.md']);
    expect(await found({ kind: 'timetable' })).toEqual(['ferry-2021.md']);
    expect(await found({ public: true })).toEqual([]);
  });

  it('in another order are the same', async () => {
    const { version } = await add('ferry.md', FERRY, { year: 2020, kind: 'history' });
    const again = await add('ferry.md', FERRY, { kind: 'history', year: 2020 });
    expect(again.version).toBe(version);
  });

  it('keep the metadata of the version that answers when the new one fails', async () => {
    const row = await add('ferry.md', 'a\0b', { kind: 'broken' });
    expect(row).toMatchObject({ status: 'failed', metadata: { kind: 'history', year: 2020 } });
    expect(await found({ kind: 'history' })).toEqual(['ferry.md']);
  });

  it('are no text in the files of the index', () => {
    expect(filesHolding(join(data, 'index'), 'timetable')).toEqual([]);
  });
});
