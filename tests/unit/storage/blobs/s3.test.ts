import { randomBytes } from 'node:crypto';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openS3BlobStore, type S3BlobStoreOptions } from '../../../../shared/storage/blobs/s3.ts';
import { openS3Client } from '../../../../shared/storage/s3/client.ts';
import { describeWith } from '../../../services/describe-with.ts';
import { startFaultProxy } from '../../../services/fault-proxy.ts';
import { type Service, startVersitygw } from '../../../services/index.ts';

const BUCKET = 'blobs';
const MIB = 1 << 20;

describeWith(['versitygw'], 'S3 blob store', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startVersitygw();
    const client = openS3Client(service);
    await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
    client.destroy();
  });
  afterAll(() => service.stop());

  const openStore = (options: Partial<S3BlobStoreOptions> = {}) =>
    openS3BlobStore({ ...service, bucket: BUCKET, ...options });

  it.each([8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 16 * MIB, 19 * MIB + 7])(
    'gives back an object of %i bytes in a buffer of its own',
    async (size) => {
      const store = openStore();
      const object = randomBytes(size);
      await store.put('sized', object, { replace: true });
      const back = await store.get('sized');
      expect(object.equals(back!)).toBe(true);
      expect(back?.byteOffset).toBe(0);
      expect(back?.buffer.byteLength).toBe(size);
      await store.close();
    },
  );

  it('asks once for a small object, and for a large one once more for each further 8 MiB', async () => {
    const proxy = await startFaultProxy(service.endpoint);
    const store = openStore({ endpoint: proxy.endpoint });
    for (const [size, requests] of [
      [3 * MIB, 1],
      [20 * MIB, 3],
    ] as const) {
      await store.put('counted', randomBytes(size), { replace: true });
      const before = proxy.requests.length;
      await store.get('counted');
      expect(proxy.requests.length - before).toBe(requests);
    }
    await store.close();
    await proxy.stop();
  });

  it('reads many large objects through few connections', async () => {
    const store = openStore({ concurrency: 2 });
    const object = randomBytes(18 * MIB);
    await store.put('shared', object, { replace: true });
    const back = await Promise.all(Array.from({ length: 6 }, () => store.get('shared')));
    for (const bytes of back) expect(object.equals(bytes!)).toBe(true);
    await store.close();
  });

  it('serves many more callers than it has connections', async () => {
    // A caller that waits for its turn must not run into the time for a connection.
    const store = openStore({ concurrency: 1, idleMs: 500 });
    const keys = Array.from({ length: 400 }, (_, i) => `crowd/${i}`);
    const stored = await Promise.all(keys.map((key) => store.put(key, new Uint8Array(10))));
    expect(stored.every(Boolean)).toBe(true);
    await store.close();
  });

  it('leaves the objects of others out of the list', async () => {
    const client = openS3Client(service);
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'mixed/readme.txt', Body: 'hello' }));
    const store = openStore({ client, prefix: 'mixed' });
    await store.put('a', new Uint8Array(1));
    const keys: string[] = [];
    for await (const { key } of store.list('')) keys.push(key);
    expect(keys).toEqual(['a']);
    // The client is the caller's: it is still good after this.
    await store.close();
    expect(await store.has('a')).toBe(true);
    client.destroy();
  });

  it('refuses a prefix that is no path', () => {
    expect(() => openStore({ prefix: '../kv' })).toThrowError(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });

  it.each<[string, Partial<S3BlobStoreOptions>, RegExp]>([
    ['a bucket that is missing', { bucket: 'no-such-bucket' }, /there is no such bucket/],
    ['a server that is down', { endpoint: 'http://127.0.0.1:1' }, /Check the network, the endpoint/],
    [
      'a wrong secret key',
      { credentials: { accessKeyId: 'test', secretAccessKey: 'wrong-0815' } },
      /the secret key is not accepted/,
    ],
  ])('says what is wrong with %s, and no key or secret', async (_, options, message) => {
    const store = openStore({ maxAttempts: 2, ...options });
    for (const call of [() => store.get('k'), () => store.put('k', new Uint8Array(1))]) {
      const error: unknown = await call().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'storage_failed', message: expect.stringMatching(message) });
      const { message: said, data } = error as Error & { data: unknown };
      expect(said + JSON.stringify(data)).not.toMatch(/0815|testtest/);
    }
    await store.close();
  });
});
