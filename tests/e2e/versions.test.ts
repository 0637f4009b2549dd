import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Catalog } from '../../shared/catalog/catalog.ts';
import { DEFAULT_TENANT } from '../../shared/pipeline/defaults.ts';
import type { System } from '../../shared/pipeline/system.ts';
import { openLmdbTable } from '../../shared/storage/table/lmdb.ts';
import { openDataDirectory } from '../../shared/stores/embedded.ts';
import { addText, askBlockrag, idle, openSystem } from '../support/product/blockrag.ts';
import { blobFiles, filesHolding, originals, temporaryDirectory } from '../support/product/directory.ts';
import { FERRY, LIGHTHOUSE } from '../support/product/texts.ts';

const data = temporaryDirectory();
let blockrag: System;
let open = false;
const reopen = async (options: Parameters<typeof openSystem>[1] = {}) => {
  blockrag = await openSystem(data, options);
  open = true;
};
const close = async () => {
  if (open) await blockrag.close();
  open = false;
};
beforeAll(async () => {
  await reopen();
  await addText(blockrag, 'ferry.md', FERRY);
  await addText(blockrag, 'lighthouse.md', LIGHTHOUSE);
});
afterAll(close);

describe('a document uploaded again under its name', () => {
  it('with the same bytes changes nothing and makes no work', async () => {
    const before = (await blockrag.documents(DEFAULT_TENANT, { limit: 10 })).documents;
    const bytes = new TextEncoder().encode(FERRY);
    const row = await blockrag.add({
      tenant: DEFAULT_TENANT,
      collection: 'default',
      name: 'ferry.md',
      mediaType: undefined,
      bytes,
    });
    expect(row.status).toBe('ready');
    expect(await blockrag.work()).toEqual({ waiting: 0, leased: 0, dead: 0 });
    expect((await blockrag.documents(DEFAULT_TENANT, { limit: 10 })).documents).toEqual(before);
  });

  it('with other bytes answers with the new version only, and keeps nothing of the old one', async () => {
    const blobs = blobFiles(data);
    const row = await addText(blockrag, 'ferry.md', FERRY.replace('noon on Tuesdays', 'dawn on Fridays'));
    expect(row).toMatchObject({ status: 'ready', passages: 1, retiring: [] });
    const { citations } = await askBlockrag(blockrag, 'When does the ferry leave?');
    expect(citations.filter(({ document }) => document === 'ferry.md')).toHaveLength(1);
    expect(citations[0]!.text).toContain('dawn on Fridays');
    expect(originals(data)).toHaveLength(2);
    expect(blobFiles(data)).toHaveLength(blobs.length);
    expect(blobFiles(data)).not.toEqual(blobs);
  });

  it('keeps answering with the old version when the new one cannot be read', async () => {
    const row = await addText(blockrag, 'lighthouse.md', 'a\0b');
    expect(row).toMatchObject({ status: 'failed', error: { code: 'document_not_text' } });
    expect(row.version).not.toBeNull();
    const { citations } = await askBlockrag(blockrag, 'Who built the lighthouse?');
    expect(citations[0]!.text).toContain('Morag Sinclair');
    expect(originals(data)).toHaveLength(2);
    const healed = await addText(blockrag, 'lighthouse.md', LIGHTHOUSE);
    expect(healed).toMatchObject({ status: 'ready', error: null });
  });
});

describe('a removed document', () => {
  it('leaves its text in no file of the data directory', async () => {
    const sentences = Array.from({ length: 120 }, (_, i) => `Peat moss ${i} grows on the moor of Tarradale.`);
    const { id } = await addText(blockrag, 'moor.md', sentences.join(' '));
    expect(filesHolding(data, 'moor of Tarradale.')).not.toEqual([]);
    await blockrag.remove(DEFAULT_TENANT, id);
    expect(await blockrag.document(DEFAULT_TENANT, id)).toBeUndefined();
    await idle(blockrag);
    expect(filesHolding(data, 'moor of Tarradale.')).toEqual([]);
    const { citations } = await askBlockrag(blockrag, 'Where does the peat moss grow?');
    expect(citations.filter(({ document }) => document === 'moor.md')).toEqual([]);
  });
});

describe('opening a data directory', () => {
  beforeAll(close);

  it('with another passage size says what must be encoded again', async () => {
    await expect(openSystem(data, { passageTokens: 64 })).rejects.toMatchObject({
      code: 'reencode_required',
      data: { documents: 2, passages: 2 },
      message: expect.stringContaining('blockrag reencode'),
    });
  });

  it('to answer with another passage size answers at once, and leaves all as it is', async () => {
    await reopen({ passageTokens: 64, otherSettings: 'answer' });
    const { citations } = await askBlockrag(blockrag, 'When does the ferry leave?');
    expect(citations[0]).toMatchObject({ document: 'ferry.md' });
    await idle(blockrag);
    expect(await blockrag.stats(DEFAULT_TENANT)).toMatchObject({ documents: 2, ready: 2, outdated: 2 });
    await close();
    await reopen();
    expect(await blockrag.stats(DEFAULT_TENANT)).toMatchObject({ ready: 2, outdated: 0 });
    expect(blockrag.facts()).toMatchObject({ passageTokens: 256 });
    await close();
  });

  it('to reencode it makes every document again, and then opens without options', async () => {
    await reopen({ passageTokens: 64, otherSettings: 'reencode' });
    await idle(blockrag);
    expect(await blockrag.stats(DEFAULT_TENANT)).toMatchObject({ documents: 2, ready: 2, outdated: 0 });
    expect(blockrag.facts()).toMatchObject({ passageTokens: 64 });
    await close();
    await reopen();
    expect((await askBlockrag(blockrag, 'When does the ferry leave?')).usage.encodedTokens).toBe(0);
    await close();
  });

  it('refuses a format that it does not know, and changes nothing', async () => {
    const environment = await openDataDirectory(data);
    const catalog = new Catalog(openLmdbTable(environment));
    const settings = (await catalog.settings.get())!;
    await catalog.settings.put({ ...settings, format: 999 });
    await expect(openSystem(data)).rejects.toMatchObject({ code: 'data_format_unknown' });
    await expect(openSystem(data, { otherSettings: 'reencode' })).rejects.toMatchObject({
      code: 'data_format_unknown',
    });
    environment.refresh();
    expect(await catalog.settings.get()).toEqual({ ...settings, format: 999 });
    await environment.close();
  });
});
