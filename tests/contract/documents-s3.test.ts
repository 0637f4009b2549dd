/** The bucket of users' documents on S3. */
import { createHash, randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { documentSourceContract } from '../../shared/storage/contracts/document-source.ts';
import type { DocumentSource } from '../../shared/storage/ports.ts';
import { openS3Client } from '../../shared/storage/s3/client.ts';
import { openS3Documents } from '../../shared/storage/source/s3.ts';
import { describeWith } from '../services/describe-with.ts';
import { type FaultProxy, startFaultProxy } from '../services/fault-proxy.ts';
import { expiredToken, reset, slowDown, truncate } from '../services/faults.ts';
import { type Service, startVersitygw } from '../services/index.ts';

const MAX_BYTES = 1000;
const NAME = 'documents/acme/default/näme 1.md';

describeWith(['versitygw'], 'the bucket of documents on versitygw', () => {
  let service: Service;
  let proxy: FaultProxy;
  let client: S3Client;
  let bucket: string;
  let documents: DocumentSource;
  beforeAll(async () => {
    service = await startVersitygw();
    proxy = await startFaultProxy(service.endpoint);
    client = openS3Client(service);
  });
  afterAll(async () => {
    client?.destroy();
    await proxy?.stop();
    await service?.stop();
  });
  const newBucket = async () => {
    const name = `documents-${randomUUID()}`;
    await client.send(new CreateBucketCommand({ Bucket: name }));
    return name;
  };
  const openBucket = (name: string) =>
    openS3Documents({ ...service, endpoint: proxy.endpoint, bucket: name, maxBytes: MAX_BYTES, idleMs: 500 });
  beforeEach(async () => {
    bucket = await newBucket();
    documents = openBucket(bucket);
  });
  afterEach(() => documents.close());

  const open = async () => {
    const Bucket = await newBucket();
    return {
      source: openBucket(Bucket),
      put: (Key: string, Body: string, ContentType?: string) =>
        client.send(new PutObjectCommand({ Bucket, Key, Body, ContentType })),
      remove: (Key: string) => client.send(new DeleteObjectCommand({ Bucket, Key })),
    };
  };
  for (const { name, run } of documentSourceContract(open)) it(name, run);

  const put = (body: string, more: Partial<PutObjectCommand['input']> = {}) =>
    client.send(new PutObjectCommand({ Bucket: bucket, Key: NAME, Body: body, ...more }));
  const text = async () => Buffer.from((await documents.read(NAME))?.bytes ?? []).toString();

  it('metadata that are not ours are none', async () => {
    for (const blockrag of ['no JSON', Buffer.from('7').toString('base64url'), '%%%']) {
      await put('x', { Metadata: { blockrag, other: 'x' } });
      expect((await documents.read(NAME))!.metadata).toBeUndefined();
    }
  });

  it('a bucket that is not there is an error, not an empty one', async () => {
    const none = openS3Documents({ ...service, bucket: 'none', maxBytes: 1 });
    await expect(none.read(NAME)).rejects.toMatchObject({ code: 'storage_failed' });
    await none.close();
  });

  it('a request that fails on the way is sent again', async () => {
    await put('whole');
    proxy.inject(slowDown(), reset());
    expect(await text()).toBe('whole');
    expect(proxy.pending()).toBe(0);
  });

  it('what cannot be read whole, or at all, is an error that can be tried again', async () => {
    await put('whole');
    proxy.inject(truncate(2));
    await expect(documents.read(NAME)).rejects.toMatchObject({ code: 'storage_failed' });
    proxy.inject(expiredToken());
    await expect(documents.etag(NAME)).rejects.toMatchObject({ code: 'storage_failed' });
    expect(await text()).toBe('whole');
  });

  it('keeps the SHA-256 that was announced with the object', async () => {
    const sha256 = createHash('sha256').update('The text.').digest();
    const { url, headers } = await documents.uploadUrl(NAME, {
      ...{ mediaType: undefined, bytes: undefined, sha256: sha256.toString('hex'), metadata: undefined },
      seconds: 60,
    });
    expect((await fetch(url, { method: 'PUT', headers, body: 'The text.' })).status).toBe(200);
    const head = new HeadObjectCommand({ Bucket: bucket, Key: NAME, ChecksumMode: 'ENABLED' });
    expect((await client.send(head)).ChecksumSHA256).toBe(sha256.toString('base64'));
  });
});
