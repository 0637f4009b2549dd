/**
 * Takes a stage down. Buckets and the table of a stage whose parameter `retention` is Retain stay.
 * Usage: npm run remove -- --stage NAME [--region REGION] [--yes]     --yes: documents are deleted for good
 */
import { S3Client } from '@aws-sdk/client-s3';
import { deletedBuckets, emptyBucket, holdsObjects } from './stack/buckets.ts';
import { osls, parseStackOptions } from './stack/osls.ts';
import { LOCAL, standInMissing } from './stack/required.ts';

async function main(): Promise<void> {
  const options = parseStackOptions(process.argv.slice(2));
  const { stage, region, yes } = options;
  const problem = standInMissing(options, process.env);
  if (problem !== undefined) throw new Error(problem);
  // The stand-in has one host name for all buckets.
  const s3 = new S3Client({ ...(region !== undefined && { region }), forcePathStyle: stage === LOCAL });
  try {
    for (const bucket of await deletedBuckets(`blockrag-${stage}`, region)) {
      if (!(await holdsObjects(s3, bucket))) continue;
      if (!yes) throw new Error(`the bucket ${bucket} holds objects: --yes deletes them for good`);
      process.stdout.write(`emptying ${bucket}\n`);
      await emptyBucket(s3, bucket);
    }
  } finally {
    s3.destroy();
  }
  await osls('remove', options);
}

main().catch((error: Error) => {
  process.stderr.write(`remove: ${error.message}\n`);
  process.exitCode = 1;
});
