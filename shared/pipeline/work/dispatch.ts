/** Decides who does the work in the queue: a worker that is woken at once, or batch machines for large amounts. */
import type { Doorbell, JobQueue, WorkQueue } from '../../storage/ports.ts';
import { BATCH } from './items.ts';

/** Passages of one job, so that starting a machine pays. */
const PASSAGES_PER_JOB = 2_000;
const MAX_JOBS = 8;
/**
 * For so long it stands that there are jobs enough: a job ends no sooner than a lease and half a minute after its last
 * work, so it sees whatever is sent meanwhile.
 */
const LOOK_AGAIN_MS = 30_000;

export interface DispatchOptions {
  queue: Pick<WorkQueue, 'backlog'>;
  bell: Doorbell;
  /** Undefined: all work is the woken worker's. */
  jobs: JobQueue | undefined;
  /** Passages that wait from which on they are a job's. */
  jobPassages: number;
  /** The clock, milliseconds since the epoch. */
  now?: () => number;
}

/**
 * Sees to it that work is done that is in the queue already. What decides is all that waits, not what the caller has
 * sent: a thousand small documents are a large amount.
 */
export class Dispatch {
  #options: DispatchOptions;
  /** Until when the jobs that were seen are enough. */
  #enoughUntil = 0;

  constructor(options: DispatchOptions) {
    this.#options = options;
  }

  /** Wakes a worker or starts jobs. A job too many finds nothing to do and ends. */
  async callWorkers(): Promise<void> {
    const { bell, jobs, jobPassages, queue, now = Date.now } = this.#options;
    if (jobs === undefined) return bell.ring();
    if (now() < this.#enoughUntil) return;
    const passages = (await queue.backlog((MAX_JOBS * PASSAGES_PER_JOB) / BATCH)) * BATCH;
    if (passages < jobPassages) return bell.ring();
    const wanted = Math.min(MAX_JOBS, Math.ceil(passages / PASSAGES_PER_JOB));
    const missing = wanted - (await jobs.active(wanted));
    for (let job = 0; job < missing; job++) await jobs.submit();
    // As many as there can be: until then another document may call for one more.
    if (wanted === MAX_JOBS) this.#enoughUntil = now() + LOOK_AGAIN_MS;
  }

  /** Wakes a worker at a later time, should this one not have lived to see to its work. */
  async lookAfter(seconds: number): Promise<void> {
    await this.#options.bell.ring({ afterSeconds: seconds });
  }
}
