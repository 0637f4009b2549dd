import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { submitDocument, submitOnce } from '../../../../shared/pipeline/intake/submit.ts';
import { document, type OpenedStores, openTestStores } from '../../../support/stores.ts';

let stores: OpenedStores;
beforeEach(async () => {
  stores = await openTestStores();
});
afterEach(() => stores.close());

const bytes = (text: string) => new TextEncoder().encode(text);
const send = (text: string, more = {}) =>
  submitDocument(stores.services, document({ name: 'notes.md', bytes: bytes(text), ...more }));

describe('a document whose name is there already', () => {
  it('says that it replaced another, and that the same one again did not', async () => {
    expect((await send('North.')).replaced).toBe(false);
    expect((await send('North.')).replaced).toBe(false);
    expect((await send('South.')).replaced).toBe(true);
    expect((await send('South.', { metadata: { quay: 'south' } })).replaced).toBe(true);
    expect((await send('South.', { name: 'b/notes.md' })).replaced).toBe(false);
  });

  it('is refused where that is asked for, and what was there stays', async () => {
    const first = await send('North.', { ifExists: 'error' });
    await expect(send('South.', { ifExists: 'error' })).rejects.toMatchObject({ code: 'document_exists' });
    expect((await send('North.', { ifExists: 'error' })).sha256).toBe(first.sha256);
    expect((await stores.services.catalog.documents.get('t', first.id))?.sha256).toBe(first.sha256);
  });

  it('is one of two that are sent at the same time, where others are refused', async () => {
    const both = await Promise.allSettled(
      ['North.', 'South.'].map((text) => send(text, { ifExists: 'error' })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('says the same again to whoever repeats the request', async () => {
    await send('North.');
    const upload = document({ name: 'notes.md', bytes: bytes('South.') });
    for (let i = 0; i < 2; i++) {
      expect((await submitOnce(stores.services, upload, 'key')).replaced).toBe(true);
    }
  });
});
