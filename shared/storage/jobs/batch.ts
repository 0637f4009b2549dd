/** Jobs on AWS Batch. */
import { BatchClient, JobStatus, paginateListJobs, SubmitJobCommand } from '@aws-sdk/client-batch';
import { BlockragError } from '../../errors.ts';
import type { JobQueue } from '../ports.ts';

const ACTIVE = [
  JobStatus.SUBMITTED,
  JobStatus.PENDING,
  JobStatus.RUNNABLE,
  JobStatus.STARTING,
  JobStatus.RUNNING,
];

/** @throws (of its methods) BlockragError `storage_failed` */
export function openBatchJobs(options: { queue: string; definition: string }): JobQueue {
  const client = new BatchClient();
  const failure = (cause: unknown) =>
    new BlockragError('storage_failed', `AWS Batch refused: ${(cause as Error).message}`, { cause });
  return {
    async active() {
      try {
        let count = 0;
        for (const jobStatus of ACTIVE) {
          const pages = paginateListJobs({ client }, { jobQueue: options.queue, jobStatus });
          for await (const page of pages) count += page.jobSummaryList?.length ?? 0;
        }
        return count;
      } catch (cause) {
        throw failure(cause);
      }
    },
    async submit() {
      try {
        await client.send(
          new SubmitJobCommand({
            jobName: 'blockrag-precompute',
            jobQueue: options.queue,
            jobDefinition: options.definition,
          }),
        );
      } catch (cause) {
        throw failure(cause);
      }
    },
    async close() {
      client.destroy();
    },
  };
}
