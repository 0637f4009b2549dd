/** Decides who does the work in the queue: a worker that is woken at once, or batch machines for large amounts. */
import type { Doorbell, JobQueue } from '../../storage/ports.ts';

/** Passages of one job, so that starting a machine pays. */
const PASSAGES_PER_JOB = 2_000;
const MAX_JOBS = 8;

export interface DispatchOptions {
  bell: Doorbell;
  /** Undefined: all work is the woken worker's. */
  jobs: JobQueue | undefined;
  /** Passages of a document from which on it is a job's. */
  jobPassages: number;
}

export class Dispatch {
  #options: DispatchOptions;

  constructor(options: DispatchOptions) {
    this.#options = options;
  }

  /**
   * Sees to it that work is done that is in the queue already. A job too many finds nothing to do and ends.
   * @param passages of the document that the work is for
   */
  async workFor(passages: number): Promise<void> {
    const { bell, jobs, jobPassages } = this.#options;
    if (jobs === undefined || passages < jobPassages) return bell.ring();
    const wanted = Math.min(MAX_JOBS, Math.ceil(passages / PASSAGES_PER_JOB));
    if ((await jobs.active()) < wanted) await jobs.submit();
  }

  /** Wakes a worker at a later time, should this one not have lived to see to its work. */
  async lookAfter(seconds: number): Promise<void> {
    await this.#options.bell.ring({ afterSeconds: seconds });
  }
}
