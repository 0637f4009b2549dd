/**
 * blockrag/storage: the ports of the stores, the contracts that prove a driver, and the drivers that come with
 * blockrag. A driver's library is loaded when the driver is opened.
 */
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { LanceOptions } from '../retrieval/lancedb.ts';
import type { PassageIndex } from '../retrieval/ports.ts';
import type { CacheOptions } from './blobs/cached.ts';
import type { S3BlobStoreOptions } from './blobs/s3.ts';
import type { BlobStore, DocumentSource, Doorbell, JobQueue, Table, WorkQueue } from './ports.ts';
import type { S3DocumentOptions } from './source/s3.ts';

export { BlockragError, type ErrorCode, isBlockragError } from '../errors.ts';
export type { Hit, IndexedPassage, PassageIndex } from '../retrieval/ports.ts';
export { checkedKey } from './blobs/keys.ts';
export { blobStoreContract, type OpenedBlobStore } from './contracts/blob-store.ts';
export type { ContractCase } from './contracts/case.ts';
export { documentSourceContract, type OpenedDocumentSource } from './contracts/document-source.ts';
export { doorbellContract, type OpenedDoorbell } from './contracts/doorbell.ts';
export { passageIndexContract } from './contracts/passage-index.ts';
export type { IndexPlace } from './contracts/passages.ts';
export { tableContract } from './contracts/table.ts';
export type { OpenedTable } from './contracts/table-rows.ts';
export { type OpenedWorkQueue, workQueueContract } from './contracts/work-queue.ts';
export type * from './ports.ts';

/**
 * Blobs as files in a directory, which is created if need be. One host at a time may use it.
 * @throws BlockragError `storage_full`, `storage_failed`
 */
export async function openFsBlobStore(directory: string): Promise<BlobStore> {
  return (await import('./blobs/fs.ts')).openFsBlobStore(directory);
}

/** Blobs as objects of a bucket on S3, or on a server that speaks S3. Needs `@aws-sdk/client-s3`. */
export async function openS3BlobStore(options: S3BlobStoreOptions): Promise<BlobStore> {
  return (await import('./blobs/s3.ts')).openS3BlobStore(options);
}

/** A store with a cache on the local disk before it; closing it closes the store. */
export async function openCachedBlobStore(store: BlobStore, options: CacheOptions): Promise<BlobStore> {
  return (await import('./blobs/cached.ts')).cached(store, options);
}

/**
 * A table in an LMDB database of its own in a directory.
 * @throws BlockragError `storage_full`, `storage_failed`
 */
export async function openLmdbTable(directory: string): Promise<Table> {
  const { openEnvironment } = await import('./lmdb/environment.ts');
  const driver = await import('./table/lmdb.ts');
  const environment = await openEnvironment(directory);
  const table = driver.openLmdbTable(environment);
  const closeTable = table.close.bind(table);
  const close = async () => {
    await closeTable();
    await environment.close();
  };
  return Object.assign(table, { close });
}

/** Which table, and how DynamoDB is reached: by default as the environment says. */
export interface DynamoTableOptions {
  table: string;
  client?: DynamoDBClientConfig;
}

/** A table on DynamoDB; its keys must be as `createDynamoTable` makes them. Needs `@aws-sdk/client-dynamodb`. */
export async function openDynamoTable(options: DynamoTableOptions): Promise<Table> {
  return (await import('./table/dynamodb.ts')).openDynamoTable(options);
}

/** Makes the table that `openDynamoTable` opens, if it is not there. */
export async function createDynamoTable(options: DynamoTableOptions): Promise<void> {
  await (await import('./table/dynamodb-create.ts')).createDynamoTable(options);
}

/**
 * A work queue in a table; closing it leaves the table open.
 * @param options.maxAttempts deliveries before an item counts as dead (5)
 */
export async function openTableQueue(
  table: Table,
  name: string,
  options: { maxAttempts?: number } = {},
): Promise<WorkQueue> {
  return (await import('./queue/table.ts')).openTableQueue(table, name, options);
}

/**
 * An index of passages in a directory, or in s3://BUCKET/PREFIX. Needs `@lancedb/lancedb`.
 * @throws BlockragError `storage_failed`, `data_format_unknown`
 */
export async function openLanceIndex(uri: string, options: LanceOptions = {}): Promise<PassageIndex> {
  return (await import('../retrieval/lancedb.ts')).openLanceIndex(uri, options);
}

/** The bucket that users put documents into. Needs `@aws-sdk/client-s3`. */
export async function openS3Documents(options: S3DocumentOptions): Promise<DocumentSource> {
  return (await import('./source/s3.ts')).openS3Documents(options);
}

/** A doorbell on SQS. Needs `@aws-sdk/client-sqs`. */
export async function openSqsBell(queueUrl: string): Promise<Doorbell> {
  return (await import('./doorbell/sqs.ts')).openSqsBell(queueUrl);
}

/** Jobs on AWS Batch. Needs `@aws-sdk/client-batch`. */
export async function openBatchJobs(options: { queue: string; definition: string }): Promise<JobQueue> {
  return (await import('./jobs/batch.ts')).openBatchJobs(options);
}
