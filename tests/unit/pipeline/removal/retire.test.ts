import { afterEach, beforeEach, expect, it } from 'vitest';
import { BlockragError } from '../../../../shared/errors.ts';
import { encodeBatch } from '../../../../shared/pipeline/intake/encode.ts';
import { ingestVersion } from '../../../../shared/pipeline/intake/ingest.ts';
import { acceptDocument } from '../../../../shared/pipeline/intake/submit.ts';
import { forgetDocument, retireVersion } from '../../../../shared/pipeline/removal/retire.ts';
import type { Services } from '../../../../shared/pipeline/services.ts';
import { document, type OpenedStores, openTestStores } from '../../../support/stores.ts';

const signal = new AbortController().signal;

let stores: OpenedStores;
let services: Services;
beforeEach(async () => {
  stores = await openTestStores();
  services = stores.services;
});
afterEach(() => stores.close());

const keys = async () => {
  const found: string[] = [];
  for (const prefix of ['kv', 'originals']) {
    for await (const { key } of services.blobs.list(prefix)) found.push(key);
  }
  return found;
};

it('frees what takes the most room before it writes to an index that finds none', async () => {
  const row = await acceptDocument(services, document({ name: 'a' }));
  const ref = { tenant: 't', document: row.id, version: row.pending! };
  await ingestVersion(services, ref, signal);
  await encodeBatch(services, { ...ref, batch: 0, from: 0, to: 1 }, signal);
  await forgetDocument(services, 't', row.id);
  const before = (await keys()).length;
  let left = -1;
  const full = {
    ...services.index,
    remove: async () => {
      left = (await keys()).length;
      throw new BlockragError('storage_full', 'The disk is full.');
    },
  };
  await expect(retireVersion({ ...services, index: full }, ref)).rejects.toMatchObject({
    code: 'storage_full',
  });
  // The block before all prompts stays, which is no document's.
  expect([before, left]).toEqual([4, 1]);
  expect((await services.catalog.documents.get('t', row.id))?.retiring).toEqual([ref.version]);
  await retireVersion(services, ref);
  expect(await services.catalog.documents.get('t', row.id)).toBeUndefined();
  expect(await services.index.counts()).toEqual(new Map());
});
