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
import type { DocumentSource, RowData } from '../../shared/storage/ports.ts';
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
  beforeEach(async () => {
    bucket = `documents-${randomUUID()}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    documents = openS3Documents({
      ...service,
      endpoint: proxy.endpoint,
      bucket,
      maxBytes: MAX_BYTES,
      idleMs: 500,
    });
  });
  afterEach(() => documents.close());

  const put = (body: string, more: Partial<PutObjectCommand['input']> = {}) =>
    client.send(new PutObjectCommand({ Bucket: bucket, Key: NAME, Body: body, ...more }));
  const text = async () => Buffer.from((await documents.read(NAME))?.bytes ?? []).toString();

  it('reads an object with its type, and an etag that is another one with other bytes', async () => {
    await put('first', { ContentType: 'text/markdown' });
    const first = (await documents.read(NAME))!;
    expect(first).toMatchObject({ size: 5, mediaType: 'text/markdown', metadata: undefined });
    expect(Buffer.from(first.bytes!).toString()).toBe('first');
    expect(await documents.etag(NAME)).toBe(first.etag);
    await put('second');
    expect(await documents.etag(NAME)).not.toBe(first.etag);
    expect(await text()).toBe('second');
  });

  it('an object that is not there, or no more, is undefined', async () => {
    expect(await documents.read(NAME)).toBeUndefined();
    expect(await documents.etag(NAME)).toBeUndefined();
    await put('x');
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: NAME }));
    expect(await documents.read(NAME)).toBeUndefined();
  });

  it('deletes an object, and minds none that is not there', async () => {
    await put('x');
    await documents.delete(NAME);
    await documents.delete(NAME);
    expect(await documents.etag(NAME)).toBeUndefined();
  });

  it('an empty object has no bytes; one that is too large is not read, and the next request is answered', async () => {
    await put('');
    expect(await documents.read(NAME)).toMatchObject({ size: 0, bytes: new Uint8Array() });
    await put('x'.repeat(MAX_BYTES));
    expect((await documents.read(NAME))!.bytes).toHaveLength(MAX_BYTES);
    await put('x'.repeat(MAX_BYTES + 1));
    for (let i = 0; i < 40; i++) {
      expect(await documents.read(NAME)).toMatchObject({ size: MAX_BYTES + 1, bytes: undefined });
    }
  });

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

  it.each<[string, RowData | undefined]>([
    ['with metadata', { author: 'Zoë "Z" 日本', year: 1871, draft: false }],
    ['without', undefined],
  ])('gives a URL that takes what was announced, %s', async (_, metadata) => {
    const body = 'The text.';
    const sha256 = createHash('sha256').update(body).digest('hex');
    const { url, headers } = await documents.uploadUrl(NAME, {
      ...{ mediaType: 'text/markdown', bytes: body.length, sha256, metadata, seconds: 60 },
    });
    expect((await fetch(url, { method: 'PUT', headers, body: 'The TEXT.' })).ok).toBe(false);
    expect(await documents.etag(NAME)).toBeUndefined();
    expect((await fetch(url, { method: 'PUT', headers, body })).status).toBe(200);
    const object = (await documents.read(NAME))!;
    expect(object).toMatchObject({ size: body.length, mediaType: 'text/markdown', metadata });
    const head = new HeadObjectCommand({ Bucket: bucket, Key: NAME, ChecksumMode: 'ENABLED' });
    expect((await client.send(head)).ChecksumSHA256).toBe(Buffer.from(sha256, 'hex').toString('base64'));
  });

  it('gives a URL that takes anything where nothing was announced, until it expires', async () => {
    const open = { mediaType: undefined, bytes: undefined, sha256: undefined, metadata: undefined };
    const { url, headers } = await documents.uploadUrl(NAME, { ...open, seconds: 60 });
    expect(headers).toEqual({});
    expect((await fetch(url, { method: 'PUT', body: 'anything' })).status).toBe(200);
    expect(await text()).toBe('anything');
    const expired = await documents.uploadUrl(NAME, { ...open, seconds: 1 });
    await new Promise((resolve) => setTimeout(resolve, 2100));
    expect((await fetch(expired.url, { method: 'PUT', body: 'late' })).status).toBe(403);
    expect(await text()).toBe('anything');
  });
});
