import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { deletedBuckets, emptyBucket, holdsObjects } from '../../../../infra/stack/buckets.ts';
import { describeWith } from '../../../services/describe-with.ts';
import { type Service, startMinistack } from '../../../services/index.ts';

describeWith(['ministack'], 'the buckets of a stack', () => {
  let service: Service;
  let s3: S3Client;
  beforeAll(async () => {
    service = await startMinistack();
    vi.stubEnv('AWS_ENDPOINT_URL', service.endpoint);
    vi.stubEnv('AWS_REGION', service.region);
    vi.stubEnv('AWS_ACCESS_KEY_ID', service.credentials.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', service.credentials.secretAccessKey);
    s3 = new S3Client({ forcePathStyle: true });
    const bucket = { Type: 'AWS::S3::Bucket' };
    const versioned = { VersioningConfiguration: { Status: 'Enabled' } };
    const TemplateBody = JSON.stringify({
      Resources: {
        ServerlessDeploymentBucket: bucket,
        Kept: { ...bucket, DeletionPolicy: 'Retain', Properties: { BucketName: 'kept' } },
        Gone: { ...bucket, DeletionPolicy: 'Delete', Properties: { BucketName: 'gone', ...versioned } },
      },
    });
    const client = new CloudFormationClient({});
    await client.send(new CreateStackCommand({ StackName: 'stack', TemplateBody }));
    client.destroy();
  });
  afterAll(async () => {
    s3.destroy();
    vi.unstubAllEnvs();
    await service.stop();
  });

  it('are deleted with it unless their policy keeps them', async () => {
    await vi.waitFor(async () => expect(await deletedBuckets('stack', undefined)).toEqual(['gone']), {
      timeout: 10_000,
    });
  });

  it('are emptied of every version', async () => {
    expect(await holdsObjects(s3, 'gone')).toBe(false);
    for (const Key of ['a', 'a', 'b/c']) {
      await s3.send(new PutObjectCommand({ Bucket: 'gone', Key, Body: 'text' }));
    }
    expect(await holdsObjects(s3, 'gone')).toBe(true);
    await emptyBucket(s3, 'gone');
    expect(await holdsObjects(s3, 'gone')).toBe(false);
  });
});
