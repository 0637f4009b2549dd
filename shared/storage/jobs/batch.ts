/** Jobs on AWS Batch. */
import { BatchClient, JobStatus, paginateListJobs, SubmitJobCommand } from '@aws-sdk/client-batch';
import { BlockragError } from '../../errors.ts';
import type { JobQueue } from '../ports.ts';

/** The likeliest first: whoever has seen enough asks no further. */
const ACTIVE = [
  JobStatus.RUNNING,
  JobStatus.RUNNABLE,
  JobStatus.STARTING,
  JobStatus.SUBMITTED,
  JobStatus.PENDING,
];

/** @throws (of its methods) BlockragError `storage_failed` */
export function openBatchJobs(options: { queue: string; definition: string }): JobQueue {
  const client = new BatchClient();
  const failure = (cause: unknown) =>
    new BlockragError('storage_failed', `AWS Batch refused: ${(cause as Error).message}`, { cause });
  return {
    async active(most) {
      try {
        let count = 0;
        for (const jobStatus of ACTIVE) {
          const pages = paginateListJobs({ client }, { jobQueue: options.queue, jobStatus });
          for await (const page of pages) {
            count += page.jobSummaryList?.length ?? 0;
            if (count >= most) return most;
          }
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
