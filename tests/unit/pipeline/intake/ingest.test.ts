import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeBatch } from '../../../../shared/pipeline/intake/encode.ts';
import { ingestVersion } from '../../../../shared/pipeline/intake/ingest.ts';
import { acceptDocument } from '../../../../shared/pipeline/intake/submit.ts';
import { blobPath } from '../../../../shared/pipeline/stored-kv/location.ts';
import { document, type OpenedStores, openTestStores } from '../../../support/stores.ts';

let stores: OpenedStores;
beforeEach(async () => {
  stores = await openTestStores();
});
afterEach(() => stores.close());

const forever = new AbortController().signal;

/** Takes in a document of these lines, and gives the blocks of each call to the engine, by their tokens. */
async function encodedOf(name: string, lines: string[]): Promise<number[][]> {
  const { services } = stores;
  const encode = vi.spyOn(services.engine, 'encode');
  const row = await acceptDocument(services, document({ name, bytes: Buffer.from(lines.join('\n')) }));
  const ref = { tenant: 't', document: row.id, version: row.pending! };
  await ingestVersion(services, ref, forever);
  await encodeBatch(services, { ...ref, batch: 0, from: 0, to: lines.length }, forever);
  expect(await services.catalog.documents.get('t', row.id)).toMatchObject({ status: 'ready' });
  for (const { blobKey } of await services.catalog.passages.ofVersion(row.id, row.pending!)) {
    expect(await services.blobs.has(blobPath('t', blobKey))).toBe(true);
  }
  const calls = encode.mock.calls.map(([{ blocks }]) => blocks.map(({ tokens }) => tokens.length));
  encode.mockRestore();
  // The last one is the preface.
  return calls;
}

describe('encoding a batch of passages', () => {
  it('sends short passages together, as many as share a run, and each that stands twice once', async () => {
    const lines = ['a'.repeat(100), 'b'.repeat(100), 'a'.repeat(100), 'c'.repeat(100), 'd'.repeat(300)];
    expect(await encodedOf('one.txt', lines)).toEqual([[100, 100], [100], [300], [3]]);
  });

  it('sends nothing that is stored', async () => {
    await encodedOf('one.txt', ['a', 'b']);
    expect(await encodedOf('two.txt', ['a', 'c', 'b'])).toEqual([[1]]);
  });
});
