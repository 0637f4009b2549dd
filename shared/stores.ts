/** The one place where drivers are chosen: the embedded ones of a data directory, or those of AWS. */
import type { CloudConfig } from './config.ts';
import type { Tier } from './metrics.ts';
import type { PassageIndex } from './retrieval/ports.ts';
import type { Environment } from './storage/lmdb/environment.ts';
import type { BlobStore, DocumentSource, Doorbell, JobQueue, Table, WorkQueue } from './storage/ports.ts';

/** What is stored, whatever it is stored in. */
export interface Stores {
  blobs: BlobStore;
  table: Table;
  queue: WorkQueue;
  index: PassageIndex;
  /** Where blobs are read from, for the metrics. */
  tier: Tier;
  close(): Promise<void>;
}

/** Deliveries of one work item at most. Generous: each kill of the process counts as one. */
export const MAX_ATTEMPTS = 10;

/** Opens the embedded drivers in an environment whose directory this process owns (storage/lmdb/ownership.ts). */
export async function openEmbeddedStores(environment: Environment, directory: string): Promise<Stores> {
  // Drivers are loaded when they are opened: reading options must not cost a database.
  const { openFsBlobStore } = await import('./storage/blobs/fs.ts');
  const { openLmdbTable } = await import('./storage/table/lmdb.ts');
  const { openLmdbQueue } = await import('./storage/queue/lmdb.ts');
  const { openLanceIndex } = await import('./retrieval/lancedb.ts');
  return closable({
    tier: 'disk',
    blobs: await openFsBlobStore(`${directory}/blobs`),
    table: openLmdbTable(environment),
    queue: await openLmdbQueue(environment, 'work', { maxAttempts: MAX_ATTEMPTS }),
    index: await openLanceIndex(`${directory}/index`),
  });
}

/** Opens the database of a data directory: enough to see who owns it. */
export async function openDataDirectory(directory: string): Promise<Environment> {
  const { openEnvironment } = await import('./storage/lmdb/environment.ts');
  return openEnvironment(`${directory}/catalog`);
}

/** Opens the drivers of AWS. */
export async function openCloudStores(config: CloudConfig): Promise<Stores> {
  const { openS3BlobStore } = await import('./storage/blobs/s3.ts');
  const { openDynamoTable } = await import('./storage/table/dynamodb.ts');
  const { openTableQueue } = await import('./storage/queue/table.ts');
  const { openLanceIndex } = await import('./retrieval/lancedb.ts');
  const { cached } = await import('./storage/blobs/cached.ts');
  const store = openS3BlobStore({ bucket: config.bucket });
  const table = openDynamoTable({ table: config.table });
  return closable({
    tier: 's3',
    blobs: config.blobCacheBytes === 0 ? store : await cached(store, { limit: config.blobCacheBytes }),
    table,
    queue: openTableQueue(table, 'work', { maxAttempts: MAX_ATTEMPTS }),
    index: await openLanceIndex(config.index, { storageOptions: lanceStorage() }),
  });
}

/** What wakes workers, and what starts them on machines of their own where there are any. */
export async function openCloudDispatch({
  precomputeQueue,
  batchQueue,
  batchJob,
}: CloudConfig): Promise<{ bell: Doorbell; jobs: JobQueue | undefined }> {
  const { openSqsBell } = await import('./storage/doorbell/sqs.ts');
  const { openBatchJobs } = await import('./storage/jobs/batch.ts');
  const batch = batchQueue !== '' && batchJob !== '';
  return {
    bell: openSqsBell(precomputeQueue),
    jobs: batch ? openBatchJobs({ queue: batchQueue, definition: batchJob }) : undefined,
  };
}

/** The bucket that users put documents into. */
export async function openCloudDocuments(
  { documentsBucket }: CloudConfig,
  maxBytes: number,
): Promise<DocumentSource> {
  const { openS3Documents } = await import('./storage/source/s3.ts');
  return openS3Documents({ bucket: documentsBucket, maxBytes });
}

/** LanceDB finds credentials as the SDK does; another endpoint than AWS's it must be told. */
function lanceStorage(environment = process.env): Record<string, string> {
  const endpoint = environment.AWS_ENDPOINT_URL_S3 ?? environment.AWS_ENDPOINT_URL;
  if (endpoint === undefined) return {};
  return {
    endpoint,
    allow_http: String(endpoint.startsWith('http:')),
    virtual_hosted_style_request: 'false',
  };
}

function closable(stores: Omit<Stores, 'close'>): Stores {
  const { queue, table, blobs, index } = stores;
  const close = async () => {
    await queue.close();
    await Promise.all([table.close(), blobs.close(), index.close()]);
  };
  return { ...stores, close };
}
