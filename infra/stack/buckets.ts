/** The buckets of a stack that go with it, which CloudFormation does only when they are empty. */
import {
  CloudFormationClient,
  GetTemplateCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import { DeleteObjectsCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';

/** osls empties this one itself. */
const OWN = 'ServerlessDeploymentBucket';

interface Template {
  Resources: Record<string, { DeletionPolicy?: string }>;
}

/** Names of the stack's buckets whose deletion policy is not to retain them. */
export async function deletedBuckets(stack: string, region: string | undefined): Promise<string[]> {
  const client = new CloudFormationClient(region === undefined ? {} : { region });
  try {
    const { TemplateBody } = await client.send(new GetTemplateCommand({ StackName: stack }));
    const template = JSON.parse(TemplateBody ?? '{}') as Template;
    const names: string[] = [];
    for await (const page of paginateListStackResources({ client }, { StackName: stack })) {
      for (const { ResourceType, LogicalResourceId, PhysicalResourceId } of page.StackResourceSummaries ??
        []) {
        if (ResourceType !== 'AWS::S3::Bucket' || LogicalResourceId === OWN) continue;
        const policy = template.Resources[LogicalResourceId ?? '']?.DeletionPolicy;
        if (policy !== 'Retain' && PhysicalResourceId !== undefined) names.push(PhysicalResourceId);
      }
    }
    return names;
  } finally {
    client.destroy();
  }
}

/** Whether there is anything in a bucket, old versions and delete markers included. */
export async function holdsObjects(s3: S3Client, bucket: string): Promise<boolean> {
  const page = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket, MaxKeys: 1 }));
  return (page.Versions ?? []).length + (page.DeleteMarkers ?? []).length > 0;
}

/** Deletes every version of every object. @throws Error when S3 refuses one */
export async function emptyBucket(s3: S3Client, bucket: string): Promise<void> {
  for (;;) {
    // Always the first page: what it had is gone by the next time.
    const page = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    const Objects = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({
      Key,
      VersionId,
    }));
    if (Objects.length === 0) return;
    const { Errors = [] } = await s3.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
    );
    if (Errors.length > 0) throw new Error(`${bucket}: ${Errors[0]?.Code} for ${Errors.length} objects`);
  }
}
