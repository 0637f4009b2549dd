/** Everything on AWS, or on servers that speak the same: S3, DynamoDB, SQS, and LanceDB on S3. */
import { BlockragError } from '../errors.ts';
import type { JobQueue } from '../storage/ports.ts';
import { closable, MAX_ATTEMPTS, type Stores, WORK_QUEUE } from './stores.ts';

/**
 * Where the stores are. Regions, credentials and endpoints are found as the AWS SDK finds them (environment,
 * profile, role).
 */
export interface AwsStoresOptions {
  /** Bucket of blobs and originals. */
  bucket: string;
  /** DynamoDB table of the catalog and of the work queue. */
  table: string;
  /** Where the index lies, as s3://BUCKET/PREFIX; default: `retrieval/` in the bucket, as infra/ has it. */
  index?: string | undefined;
  /** Bucket that users put documents into; documents of more bytes than `maxDocumentBytes` are not read. */
  documentsBucket?: string | undefined;
  maxDocumentBytes?: number | undefined;
  /** URL of the SQS queue that wakes workers elsewhere. */
  wakes?: string | undefined;
  /** Bytes of blobs kept on the local disk; 0 (default): none. */
  blobCacheBytes?: number | undefined;
  /** Endpoint of S3 for LanceDB, where it is another than AWS's: it does not ask the SDK. */
  s3Endpoint?: string | undefined;
}

/**
 * Opens the stores. Any number of processes may have the same ones open.
 * @throws (of the drivers' methods) BlockragError `storage_failed`
 */
export async function openAwsStores(options: AwsStoresOptions): Promise<Stores> {
  const { openS3BlobStore } = await import('../storage/blobs/s3.ts');
  const { openDynamoTable } = await import('../storage/table/dynamodb.ts');
  const { openTableQueue } = await import('../storage/queue/table.ts');
  const { openLanceIndex } = await import('../retrieval/lancedb.ts');
  const { cached } = await import('../storage/blobs/cached.ts');
  const { bucket, blobCacheBytes = 0, index = `s3://${bucket}/retrieval`, s3Endpoint } = options;
  const store = openS3BlobStore({ bucket });
  const blobs = blobCacheBytes === 0 ? store : await cached(store, { limit: blobCacheBytes });
  const table = openDynamoTable({ table: options.table });
  try {
    return closable({
      tier: 's3',
      blobs,
      table,
      queue: openTableQueue(table, WORK_QUEUE, { maxAttempts: MAX_ATTEMPTS }),
      index: await openLanceIndex(index, { storageOptions: lanceStorage(s3Endpoint) }),
      source: await openSource(options),
      bell: await openBell(options),
    });
  } catch (error) {
    await Promise.all([blobs.close(), table.close()]);
    throw error;
  }
}

async function openSource({ documentsBucket, maxDocumentBytes }: AwsStoresOptions) {
  if (documentsBucket === undefined) return undefined;
  const { openS3Documents } = await import('../storage/source/s3.ts');
  return openS3Documents({
    bucket: documentsBucket,
    maxBytes: maxDocumentBytes ?? Number.POSITIVE_INFINITY,
  });
}

async function openBell({ wakes }: AwsStoresOptions) {
  if (wakes === undefined) return undefined;
  const { openSqsBell } = await import('../storage/doorbell/sqs.ts');
  return openSqsBell(wakes);
}

/** Opens the queue and the definition of AWS Batch jobs that workers run in. */
export async function openAwsJobs(options: { queue: string; definition: string }): Promise<JobQueue> {
  const { openBatchJobs } = await import('../storage/jobs/batch.ts');
  return openBatchJobs(options);
}

/** Makes the bucket and the table where they are missing: for servers that stand in for AWS. */
export async function createAwsStores({ bucket, table }: AwsStoresOptions): Promise<void> {
  const { createBucket } = await import('../storage/s3/create.ts');
  const { createDynamoTable } = await import('../storage/table/dynamodb-create.ts');
  await Promise.all([createBucket(bucket), createDynamoTable({ table })]);
}

/**
 * Reads stores that are given as one text:
 * `s3://BUCKET?table=TABLE[&index=s3://BUCKET/PREFIX][&documents=BUCKET][&wakes=SQS_URL]`.
 * @throws BlockragError `invalid_option`
 */
export function parseAwsStores(text: string): AwsStoresOptions {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const known = ['table', 'index', 'documents', 'wakes'];
  const unknown = [...(url?.searchParams.keys() ?? [])].find((name) => !known.includes(name));
  const table = url?.searchParams.get('table');
  const plain = url?.protocol === 's3:' && url.host !== '' && ['', '/'].includes(url.pathname);
  if (!plain || !table || unknown !== undefined) {
    throw new BlockragError(
      'invalid_option',
      `Stores are given as s3://BUCKET?table=TABLE, with &index=s3://BUCKET/PREFIX, &documents=BUCKET and &wakes=SQS_URL where wanted${unknown === undefined ? '' : `; there is no ${unknown}`}.`,
    );
  }
  const given = (name: string) => url.searchParams.get(name) || undefined;
  return {
    bucket: url.host,
    table,
    index: given('index'),
    documentsBucket: given('documents'),
    wakes: given('wakes'),
  };
}

/** LanceDB finds credentials as the SDK does; another endpoint than AWS's it must be told. */
function lanceStorage(endpoint: string | undefined): Record<string, string> {
  if (endpoint === undefined) return {};
  return {
    endpoint,
    allow_http: String(endpoint.startsWith('http:')),
    virtual_hosted_style_request: 'false',
  };
}
