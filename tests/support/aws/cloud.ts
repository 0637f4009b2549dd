/** The stores of AWS on this machine, all empty: S3 (versitygw), DynamoDB (DynamoDB Local), SQS (ministack). */
import { randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { cacheDirectory } from '../../../shared/model/cache.ts';
import { openS3Client } from '../../../shared/storage/s3/client.ts';
import { type Service, startDynamoDb, startMinistack, startVersitygw } from '../../services/index.ts';
import { testFetch } from '../settings.ts';
import { makeTable } from './dynamodb.ts';

/** What `describeWith` asks for. */
export const CLOUD = ['versitygw', 'dynamodb', 'ministack'] as const;

/** Buckets, as serverless.yml has them. */
export const DATA = 'data';
export const DOCUMENTS = 'documents';

export interface Cloud {
  /** What the environment tells the functions: where AWS is, and what they work on. */
  environment: Record<string, string>;
  s3: S3Client;
  sqs: SQSClient;
  /** URL of the queue that wakes the workers. */
  doorbell: string;
  /** Puts an object into the bucket of documents. */
  put(key: string, body: string | Uint8Array, mediaType?: string): Promise<void>;
  remove(key: string): Promise<void>;
  /** Keys of the objects under a prefix. */
  objects(bucket: string, prefix: string): Promise<string[]>;
  stop(): Promise<void>;
}

/** @param more is added to the environment */
export async function startCloud(more: Record<string, string> = {}): Promise<Cloud> {
  const services = await Promise.all([startVersitygw(), startDynamoDb(), startMinistack()]);
  const [storage, tables, rest] = services;
  const s3 = openS3Client(storage);
  for (const Bucket of [DATA, DOCUMENTS]) await s3.send(new CreateBucketCommand({ Bucket }));
  const { table } = await makeTable(tables);
  const sqs = new SQSClient(clientOf(rest));
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: randomUUID() }));
  return {
    environment: {
      AWS_ENDPOINT_URL: rest.endpoint,
      AWS_ENDPOINT_URL_S3: storage.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
      AWS_ACCESS_KEY_ID: storage.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: storage.credentials.secretAccessKey,
      AWS_REGION: storage.region,
      AWS_EC2_METADATA_DISABLED: 'true',
      BLOCKRAG_TABLE: table,
      BLOCKRAG_BUCKET: DATA,
      BLOCKRAG_DOCUMENTS_BUCKET: DOCUMENTS,
      BLOCKRAG_INDEX: `s3://${DATA}/retrieval`,
      BLOCKRAG_PRECOMPUTE_QUEUE: QueueUrl,
      BLOCKRAG_CACHE: cacheDirectory(testFetch().cache),
      BLOCKRAG_ADAPTER: 'none',
      BLOCKRAG_PASSAGE_TOKENS: '32',
      ...more,
    },
    s3,
    sqs,
    doorbell: QueueUrl,
    async put(Key, Body, ContentType) {
      const type = ContentType === undefined ? {} : { ContentType };
      await s3.send(new PutObjectCommand({ Bucket: DOCUMENTS, Key, Body, ...type }));
    },
    async remove(Key) {
      await s3.send(new DeleteObjectCommand({ Bucket: DOCUMENTS, Key }));
    },
    async objects(Bucket, Prefix) {
      const keys: string[] = [];
      for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix })) {
        keys.push(...(page.Contents ?? []).map(({ Key }) => Key!));
      }
      return keys;
    },
    async stop() {
      s3.destroy();
      sqs.destroy();
      await Promise.all(services.map((service) => service.stop()));
    },
  };
}

function clientOf({ endpoint, region, credentials }: Service) {
  return { endpoint, region, credentials };
}
