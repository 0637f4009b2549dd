/** The S3 driver when the network or S3 fails: the right answer or a clear error, never wrong data. */
import { randomBytes } from 'node:crypto';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openS3BlobStore } from '../../../../shared/storage/blobs/s3.ts';
import type { BlobStore } from '../../../../shared/storage/ports.ts';
import { openS3Client } from '../../../../shared/storage/s3/client.ts';
import { describeWith } from '../../../services/describe-with.ts';
import { type FaultProxy, startFaultProxy } from '../../../services/fault-proxy.ts';
import * as faults from '../../../services/faults.ts';
import { type Service, startVersitygw } from '../../../services/index.ts';

const BUCKET = 'blobs';
const IDLE_MS = 1500;
// Never waited for: the client gives up before, and the proxy is stopped.
const STALL_MS = 60_000;
const ATTEMPTS = 3;
const BLOB = randomBytes(300_000);
/** In two parts. */
const LARGE = randomBytes(10_000_000);

/** Faults from which a read recovers when they come once; and what is said when they come every time. */
const READ_FAULTS: [string, () => faults.Fault, RegExp][] = [
  ['503 SlowDown', faults.slowDown, /fewer requests/],
  ['500', () => faults.s3Error(500, 'InternalError', 'We encountered an internal error.'), /internal error/],
  ['a reset connection', faults.reset, /Check the network/],
  ['a lost answer', faults.loseAnswer, /Check the network/],
  ['a stall before the answer', () => faults.stall(STALL_MS), /nothing came/],
  ['a stall in the body', () => faults.stall(STALL_MS, 100_000), /broken each time .*inactivity/],
  ['a truncated body', () => faults.truncate(100_000), /broken each time/],
  ['a body cut short with its length', () => faults.shorten(100_000), /broken each time .*Checksum mismatch/],
  ['a flipped bit', () => faults.corrupt(123_456), /broken each time .*Checksum mismatch/],
];

/** Faults in the writing of an object: what the caller is told when they come once and every time. */
const WRITE_FAULTS: [string, () => faults.Fault, RegExp][] = [
  ['503 SlowDown', faults.slowDown, /fewer requests/],
  ['409 ConditionalRequestConflict', faults.conditionalRequestConflict, /ConditionalRequestConflict/],
  ['a reset connection', faults.reset, /Check the network/],
];

const times = <T>(count: number, make: () => T) => Array.from({ length: count }, make);

describeWith(['versitygw'], 'S3 blob store on a faulty wire', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startVersitygw();
    const client = openS3Client(service);
    await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
    client.destroy();
    await withStore(async (store) => {
      await store.put('blob', BLOB);
      await store.put('large', LARGE);
    });
  });
  afterAll(() => service.stop());

  async function withStore(test: (store: BlobStore, proxy: FaultProxy) => Promise<void>): Promise<void> {
    const proxy = await startFaultProxy(service.endpoint);
    const endpoint = { ...service, endpoint: proxy.endpoint };
    const store = openS3BlobStore({ ...endpoint, bucket: BUCKET, maxAttempts: ATTEMPTS, idleMs: IDLE_MS });
    try {
      await test(store, proxy);
    } finally {
      await store.close();
      await proxy.stop();
    }
  }

  describe('reading', () => {
    it.concurrent.each(READ_FAULTS)('gets every byte after %s', (_, fault) =>
      withStore(async (store, proxy) => {
        proxy.inject(fault());
        expect(BLOB.equals((await store.get('blob'))!)).toBe(true);
        expect(proxy.requests).toHaveLength(2);
      }),
    );

    it.concurrent.each(READ_FAULTS)('says what is wrong when %s comes each time', (_, fault, message) =>
      withStore(async (store, proxy) => {
        proxy.inject(...times(ATTEMPTS, fault));
        await expect(store.get('blob')).rejects.toMatchObject({
          code: 'storage_failed',
          message: expect.stringMatching(message),
        });
        expect(proxy.requests).toHaveLength(ATTEMPTS);
      }),
    );

    it.each(READ_FAULTS)('gets every byte of a large object after %s in a part', (_, fault) =>
      withStore(async (store, proxy) => {
        proxy.inject(faults.none(), fault());
        expect(LARGE.equals((await store.get('large'))!)).toBe(true);
        expect(proxy.pending()).toBe(0);
      }),
    );

    it('reads a large object anew when it was replaced between two parts', () =>
      withStore(async (store, proxy) => {
        proxy.inject(faults.none(), faults.s3Error(412, 'PreconditionFailed', 'It has another ETag.'));
        expect(LARGE.equals((await store.get('large'))!)).toBe(true);
        const ranges = proxy.requests.map(({ headers }) => headers.range);
        expect(ranges.filter((range) => range === undefined)).toHaveLength(2);
      }));
  });

  describe('writing', () => {
    it.concurrent.each(WRITE_FAULTS)('stores once after %s', (name, fault) =>
      withStore(async (store, proxy) => {
        const key = `written/${name.replaceAll(' ', '-')}`;
        proxy.inject(fault());
        expect(await store.put(key, BLOB)).toBe(true);
        expect(await store.put(key, Buffer.from('another'))).toBe(false);
        expect(BLOB.equals((await store.get(key))!)).toBe(true);
      }),
    );

    it.concurrent.each(WRITE_FAULTS)('says what is wrong when %s comes each time', (_, fault, message) =>
      withStore(async (store, proxy) => {
        proxy.inject(...times(ATTEMPTS, fault));
        await expect(store.put('never', BLOB)).rejects.toMatchObject({
          code: 'storage_failed',
          message: expect.stringMatching(message),
        });
        expect(await store.has('never')).toBe(false);
      }),
    );

    it.each([
      ['a lost answer', faults.loseAnswer],
      ['a stall', () => faults.stall(STALL_MS)],
    ])('knows after %s that it was the one that stored', (name, fault) =>
      withStore(async (store, proxy) => {
        const key = `lost/${name.replaceAll(' ', '-')}`;
        proxy.inject(fault());
        expect(await store.put(key, BLOB)).toBe(true);
        proxy.inject(fault());
        // This one did not: the first answer, lost as well, was that the object exists.
        expect(await store.put(key, BLOB)).toBe(false);
      }),
    );

    it('deletes once when the answer is lost', () =>
      withStore(async (store, proxy) => {
        await store.put('deleted', BLOB);
        proxy.inject(faults.none(), faults.loseAnswer());
        expect(await store.delete('deleted')).toBe(true);
        expect(await store.has('deleted')).toBe(false);
      }));
  });

  it.each([
    ['503 SlowDown', faults.slowDown],
    ['a truncated page', () => faults.truncate(200)],
    ['a stall in the page', () => faults.stall(STALL_MS, 200)],
  ])('lists everything after %s', (_, fault) =>
    withStore(async (store, proxy) => {
      proxy.inject(fault());
      const keys: string[] = [];
      for await (const { key } of store.list('')) keys.push(key);
      expect(keys).toEqual(expect.arrayContaining(['blob', 'large']));
      expect(proxy.requests).toHaveLength(2);
    }),
  );

  it.each<[string, number, RegExp]>([
    ['ExpiredToken', 400, /credentials have expired/],
    ['ExpiredToken', 403, /credentials have expired/],
    ['InvalidAccessKeyId', 403, /the access key is unknown/],
    ['AccessDenied', 403, /needs s3:GetObject/],
    ['RequestTimeTooSkewed', 403, /clock is wrong/],
    ['PermanentRedirect', 301, /in another region/],
    ['NoSuchBucket', 404, /there is no such bucket/],
  ])('says what to do about %s (%i)', (code, status, message) =>
    withStore(async (store, proxy) => {
      const listed = async () => {
        for await (const _ of store.list('')) break;
      };
      for (const call of [() => store.get('blob'), () => store.put('k', BLOB), listed]) {
        proxy.inject(...times(ATTEMPTS, () => faults.s3Error(status, code, 'No.')));
        await expect(call()).rejects.toMatchObject({
          code: 'storage_failed',
          message: expect.stringMatching(message),
          data: { bucket: BUCKET, code, status },
        });
      }
    }),
  );

  it('does not repeat a request with expired credentials, and tells of them where S3 gives no reason', () =>
    withStore(async (store, proxy) => {
      proxy.inject(faults.expiredToken());
      await expect(store.has('blob')).rejects.toThrow(/credentials have expired, or lack/);
      expect(proxy.requests).toHaveLength(1);
    }));
});
