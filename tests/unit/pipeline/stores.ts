/** Real stores in a temporary directory, enough for documents to be taken in and removed; no model. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { KvBudget } from '../../../shared/pipeline/budget.ts';
import type { Services } from '../../../shared/pipeline/services.ts';
import type { NewDocument } from '../../../shared/pipeline/submit.ts';
import { openFsBlobStore } from '../../../shared/storage/blobs/fs.ts';
import { Catalog } from '../../../shared/storage/catalog.ts';
import { openEnvironment } from '../../../shared/storage/lmdb.ts';
import { openLmdbQueue } from '../../../shared/storage/queue/lmdb.ts';
import { openLmdbTable } from '../../../shared/storage/table/lmdb.ts';

export type StoreServices = Pick<
  Services,
  'catalog' | 'blobs' | 'queue' | 'budget' | 'fingerprint' | 'maxDocumentBytes' | 'logger'
>;

export interface OpenedStores {
  /** The rest of what Services has must not be used. */
  services: Services;
  close(): Promise<void>;
}

export async function openTestStores(options: { kvBytes?: number } = {}): Promise<OpenedStores> {
  const directory = mkdtempSync(join(tmpdir(), 'blockrag-pipeline-'));
  const environment = await openEnvironment(join(directory, 'catalog'));
  const catalog = new Catalog(openLmdbTable(environment));
  const blobs = await openFsBlobStore(join(directory, 'blobs'));
  const logger = pino({ level: 'silent' });
  const services: StoreServices = {
    catalog,
    blobs,
    queue: await openLmdbQueue(environment, 'work'),
    budget: new KvBudget({ catalog, blobs, limit: options.kvBytes, logger }),
    fingerprint: 'model',
    maxDocumentBytes: 1000,
    logger,
  };
  return {
    services: services as Services,
    close: async () => {
      await environment.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** A document with the fields that a test does not care about filled in. */
export function document(fields: Partial<NewDocument> & { name: string }): NewDocument {
  return {
    tenant: 't',
    collection: 'default',
    mediaType: undefined,
    bytes: new TextEncoder().encode(fields.name),
    ...fields,
  };
}
