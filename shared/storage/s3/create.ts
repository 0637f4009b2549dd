import { BucketAlreadyOwnedByYou, CreateBucketCommand } from '@aws-sdk/client-s3';
import { openS3Client, type S3ClientOptions } from './client.ts';
import { s3Failure } from './failure.ts';

/**
 * Makes a bucket; one that is there is left as it is. For tests and local stages: a deployed one is a resource of its
 * CloudFormation stack, with all that it needs (infra/storage.yml).
 * @throws BlockragError `storage_failed`
 */
export async function createBucket(bucket: string, options: S3ClientOptions = {}): Promise<void> {
  const client = openS3Client(options);
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if (!(error instanceof BucketAlreadyOwnedByYou)) throw s3Failure(error, 'create the bucket', bucket);
  } finally {
    client.destroy();
  }
}
