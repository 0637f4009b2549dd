/** The passage index on a store that speaks S3. */
import { randomUUID } from 'node:crypto';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLanceIndex } from '../../shared/retrieval/lancedb.ts';
import { passageIndexContract } from '../../shared/storage/contracts/passage-index.ts';
import { ask, ids, passage } from '../../shared/storage/contracts/passages.ts';
import { openS3Client } from '../../shared/storage/s3/client.ts';
import { describeWith } from '../services/describe-with.ts';
import { type Service, startVersitygw } from '../services/index.ts';
import { describeContract } from '../support/contract.ts';

describeWith(['versitygw'], 'on versitygw', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startVersitygw();
  });
  afterAll(() => service.stop());

  async function newIndex(): Promise<() => ReturnType<typeof openLanceIndex>> {
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
    return () => openLanceIndex(`s3://${bucket}/retrieval`, { storageOptions });
  }

  describeContract(
    'the passage index on S3',
    passageIndexContract(async () => ({ open: await newIndex() })),
  );

  it('loses nothing of four writers at once', async () => {
    const open = await newIndex();
    const writers = await Promise.all(Array.from({ length: 4 }, open));
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
