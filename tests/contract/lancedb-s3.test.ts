/** The passage index on a store that speaks S3. */
import { randomUUID } from 'node:crypto';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLanceIndex } from '../../shared/retrieval/lancedb.ts';
import { passageIndexContract } from '../../shared/storage/contracts/passage-index.ts';
import { ask, ids, passage, toward } from '../../shared/storage/contracts/passages.ts';
import { openS3Client } from '../../shared/storage/s3/client.ts';
import { describeWith } from '../services/describe-with.ts';
import { startFaultProxy } from '../services/fault-proxy.ts';
import { type Service, startVersitygw } from '../services/index.ts';
import { describeContract } from '../support/contract.ts';

describeWith(['versitygw'], 'on versitygw', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startVersitygw();
  });
  afterAll(() => service.stop());

  async function newPlace() {
    const bucket = `index-${randomUUID()}`;
    const client = openS3Client(service);
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    client.destroy();
    const { accessKeyId, secretAccessKey } = service.credentials;
    const storageOptions = {
      endpoint: service.endpoint,
      region: service.region,
      allow_http: 'true',
      access_key_id: accessKeyId,
      secret_access_key: secretAccessKey,
    };
    return { uri: `s3://${bucket}/retrieval`, storageOptions };
  }

  async function newIndex(): Promise<(endpoint?: string) => ReturnType<typeof openLanceIndex>> {
    const { uri, storageOptions } = await newPlace();
    return (endpoint = service.endpoint) =>
      openLanceIndex(uri, { storageOptions: { ...storageOptions, endpoint } });
  }

  describeContract(
    'the passage index on S3',
    passageIndexContract(async () => {
      const open = await newIndex();
      return { open: () => open() };
    }),
  );

  it.each([
    ['few passages', 200],
    ['a vector index', 5_100],
  ])('asks S3 at most 8 times for a question: %s', async (_, rows) => {
    const open = await newIndex();
    const writer = await open();
    const vectors = Array.from({ length: rows }, (_, i) =>
      toward(...Array.from({ length: 384 }, (_, axis) => Math.sin((i + 1) * (axis + 1) ** 2))),
    );
    await writer.add(
      vectors.map((vector, i) =>
        passage({ id: `p${i}`, document: `d${i % 50}`, text: `water of pump ${i}`, vector }),
      ),
    );
    await writer.optimize();
    await writer.close();

    const proxy = await startFaultProxy(service.endpoint);
    try {
      const index = await open(proxy.endpoint);
      const text = 'Where does the water of the pump go?';
      for (const number of [3, 77, 120]) await ask(index, { text, vector: vectors[number]!, limit: 20 });
      for (const number of [5, 99, 160]) {
        const before = proxy.requests.length;
        const hits = await ask(index, { text, vector: vectors[number]!, limit: 20 });
        expect(proxy.requests.length - before).toBeLessThanOrEqual(8);
        expect(hits).toHaveLength(20);
        const found = hits.find(({ id }) => id === `p${number}`)!;
        expect(found.similarity).toBeCloseTo(1, 2);
        // Found by words alone, most of them: from the vector index all the same.
        for (const { id, similarity } of hits) {
          const exact = vectors[Number(id.slice(1))]!.reduce(
            (sum, x, i) => sum + x * vectors[number]![i]!,
            0,
          );
          expect(Math.abs(similarity - exact)).toBeLessThan(0.02);
        }
      }
      await index.close();
    } finally {
      await proxy.stop();
    }
  });

  it('keeps older versions for those who are reading them, but for an erasure', async () => {
    const { uri, storageOptions } = await newPlace();
    const index = await openLanceIndex(uri, { storageOptions });
    await index.add(Array.from({ length: 40 }, (_, i) => passage({ id: `p${i}` })));
    const lancedb = await import('@lancedb/lancedb');
    const reader = await (await lancedb.connect(uri, { storageOptions })).openTable('passages');
    await index.add([passage({ id: 'another' })]);
    await index.optimize({ ifDue: true });
    expect(await reader.query().toArray()).toHaveLength(40);
    await index.remove('document of p3');
    await index.optimize();
    await reader.checkoutLatest();
    expect(await reader.listVersions()).toHaveLength(1);
    expect(await reader.countRows()).toBe(40);
    await index.close();
  });

  it('loses nothing of four writers at once', async () => {
    const open = await newIndex();
    const writers = await Promise.all(Array.from({ length: 4 }, () => open()));
    await Promise.all(
      writers.map(async (index, writer) => {
        for (let i = 0; i < 5; i++) await index.add([passage({ id: `w${writer}p${i}` })]);
      }),
    );
    const found = await ask(writers[0]!, { limit: 50 });
    expect(new Set(ids(found)).size).toBe(20);
    await Promise.all(writers.map((index) => index.close()));
  });
});
