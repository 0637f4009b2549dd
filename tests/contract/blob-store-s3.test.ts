/** The S3 driver on the servers that stand in for S3. */
import { randomUUID } from 'node:crypto';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openS3BlobStore } from '../../shared/storage/blobs/s3.ts';
import { blobStoreContract } from '../../shared/storage/contracts/blob-store.ts';
import { openS3Client } from '../../shared/storage/s3/client.ts';
import { describeWith } from '../services/describe-with.ts';
import { type Service, startMinistack, startVersitygw } from '../services/index.ts';
import { describeContract } from '../support/contract.ts';

const SERVERS = { versitygw: startVersitygw, ministack: startMinistack };
const WRITERS = 20;
const KEYS = 50;

for (const [name, start] of Object.entries(SERVERS)) {
  describeWith([name as keyof typeof SERVERS], `on ${name}`, () => {
    let service: Service;
    beforeAll(async () => {
      service = await start();
    });
    afterAll(() => service.stop());

    async function newBucket(): Promise<string> {
      const bucket = `blobs-${randomUUID()}`;
      const client = openS3Client(service);
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      client.destroy();
      return bucket;
    }

    const open = async () => ({ store: openS3BlobStore({ ...service, bucket: await newBucket() }) });
    const openFolder = async () => {
      const bucket = await newBucket();
      const beside = openS3BlobStore({ ...service, bucket, prefix: 'stage/kv2' });
      await beside.put('a', new Uint8Array(1));
      await beside.close();
      return { store: openS3BlobStore({ ...service, bucket, prefix: 'stage/kv' }) };
    };
    describeContract('S3 blob store', blobStoreContract(open));
    describeContract('S3, in a folder of the bucket, blob store', blobStoreContract(openFolder));

    it(`lets one win of ${WRITERS} clients that race for each of ${KEYS} keys`, async () => {
      const bucket = await newBucket();
      const writers = Array.from({ length: WRITERS }, () =>
        openS3BlobStore({ ...service, bucket, concurrency: 4 }),
      );
      const keys = Array.from({ length: KEYS }, (_, i) => `race/${i}`);
      // Per writer and key: whether it won. All write the same keys in the same order.
      const won = await Promise.all(
        writers.map((store, writer) =>
          Promise.all(keys.map((key) => store.put(key, new TextEncoder().encode(`${key} of ${writer}`)))),
        ),
      );
      for (const [i, key] of keys.entries()) {
        const winners = won.flatMap((results, writer) => (results[i] ? [writer] : []));
        expect(winners).toHaveLength(1);
        const stored = await writers[0]!.get(key);
        expect(new TextDecoder().decode(stored)).toBe(`${key} of ${winners[0]}`);
      }
      for (const store of writers) await store.close();
    });

    it('lists more than one page', async () => {
      const store = openS3BlobStore({ ...service, bucket: await newBucket(), prefix: 'many' });
      const keys = Array.from({ length: 1234 }, (_, i) => `k${String(i).padStart(5, '0')}`);
      await Promise.all(keys.map((key) => store.put(key, new Uint8Array(1))));
      const listed: string[] = [];
      for await (const { key } of store.list('')) listed.push(key);
      expect(listed).toEqual(keys);
      await store.close();
    });
  });
}
