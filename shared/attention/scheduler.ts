/**
 * Takes turns between jobs, one step at a time, in the thread that holds the model. Questions come before
 * encoding; jobs of the same kind take turns, so that no long job holds up a short one.
 */
import { BlockragError } from '../errors.ts';
import type { Steps } from './steps.ts';

export type Priority = 'question' | 'encode';

interface Job {
  steps: Steps<unknown>;
  signal: AbortSignal;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** One step in this many goes to encoding even while questions wait, so that uploads finish. */
const ENCODE_SHARE = 16;

export class Scheduler {
  #jobs: Record<Priority, Job[]> = { question: [], encode: [] };
  /** Jobs that have not ended, those under way and waiting included. */
  #open: Record<Priority, number> = { question: 0, encode: 0 };
  #turn = 0;
  #running = false;

  /** Runs a job among the others; rejects with `cancelled` at the first step after an abort. */
  run<T>(priority: Priority, steps: Steps<T>, signal: AbortSignal): Promise<T> {
    this.#open[priority]++;
    return new Promise<T>((resolve, reject) => {
      this.#jobs[priority].push({ steps, signal, resolve: resolve as Job['resolve'], reject });
      void this.#loop();
    }).finally(() => this.#open[priority]--);
  }

  /** Jobs of a kind that have not ended. */
  open(priority: Priority): number {
    return this.#open[priority];
  }

  async #loop(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (let job = this.#next(); job !== undefined; job = this.#next()) {
      await this.#step(job.job, job.queue);
      // Lets messages in: new jobs and cancellations.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#running = false;
  }

  #next(): { job: Job; queue: Job[] } | undefined {
    const { question, encode } = this.#jobs;
    const encodeFirst = ++this.#turn % ENCODE_SHARE === 0;
    for (const queue of encodeFirst ? [encode, question] : [question, encode]) {
      const job = queue.shift();
      if (job !== undefined) return { job, queue };
    }
    return undefined;
  }

  /** How what it waits for ends is the job's own business. */
  #resumeAfter(awaited: Promise<unknown>, job: Job, queue: Job[]): void {
    const resume = () => {
      queue.push(job);
      void this.#loop();
    };
    awaited.then(resume, resume);
  }

  async #step(job: Job, queue: Job[]): Promise<void> {
    try {
      if (job.signal.aborted) {
        await job.steps.return(undefined);
        job.reject(new BlockragError('cancelled', 'The request was cancelled.'));
        return;
      }
      const step = await job.steps.next();
      if (step.done) job.resolve(step.value);
      else if (step.value === undefined) queue.push(job);
      else this.#resumeAfter(step.value.until, job, queue);
    } catch (error) {
      job.reject(error);
    }
  }
}
