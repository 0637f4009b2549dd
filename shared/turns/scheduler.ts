/**
 * Takes turns between jobs, one step at a time, in the thread that holds the model. Next is whoever has had the least
 * of its time: one of the tenants that ask, or encoding, which counts more than it takes. So no tenant waits for all
 * that another wants, and one that had little lately has its first token before anything else. Jobs of a kind of one
 * tenant take turns step by step.
 */
import { BlockragError } from '../errors.ts';
import type { Steps } from './steps.ts';
import { TimeShares } from './time-shares.ts';

export type Priority = 'question' | 'encode';

interface Job {
  priority: Priority;
  tenant: string;
  steps: Steps<unknown>;
  signal: AbortSignal;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** All encoding, among the tenants that ask. */
const ENCODING = '*';
/** Beside one tenant that asks without a pause encoding has the fifth part, so that uploads finish. */
const ENCODE_WEIGHT = 4;
/** Milliseconds of questions that come first where encoding begins beside them: a first token takes about as long. */
const ENCODE_AFTER_MS = 1_000;
/** A step of encoding takes longer than blobs that are about to come: it lets a question wait for them first. */
const BLOBS_MS = 20;

export class Scheduler {
  /** Jobs whose next step can be taken, by tenant; none is empty. */
  #ready: Record<Priority, Map<string, Job[]>> = { question: new Map(), encode: new Map() };
  /** Jobs that have not ended, those under way and waiting included. */
  #open: Record<Priority, number> = { question: 0, encode: 0 };
  /** Questions that wait for their blobs. */
  #waiting = 0;
  #askers = new TimeShares();
  #encoders = new TimeShares();
  #running = false;
  #wake = () => {};
  #now: () => number;

  /** @param now a clock, milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Runs a job among the others; rejects with `cancelled` at the first step after an abort. */
  run<T>(priority: Priority, steps: Steps<T>, signal: AbortSignal, tenant = ''): Promise<T> {
    this.#open[priority]++;
    if (priority === 'question') this.#askers.enter(tenant);
    else {
      this.#askers.enter(ENCODING, { catchUpMs: -ENCODE_AFTER_MS });
      this.#encoders.enter(tenant);
    }
    return new Promise<T>((resolve, reject) => {
      this.#push({ priority, tenant, steps, signal, resolve: resolve as Job['resolve'], reject });
    }).finally(() => {
      this.#open[priority]--;
      this.#askers.leave(priority === 'question' ? tenant : ENCODING);
      if (priority === 'encode') this.#encoders.leave(tenant);
    });
  }

  /** Jobs of a kind that have not ended. */
  open(priority: Priority): number {
    return this.#open[priority];
  }

  #push(job: Job): void {
    const ready = this.#ready[job.priority];
    const jobs = ready.get(job.tenant);
    if (jobs === undefined) ready.set(job.tenant, [job]);
    else jobs.push(job);
    this.#wake();
    void this.#loop();
  }

  async #loop(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      if (next === ENCODING && this.#waiting > 0) await this.#moment();
      const job = this.#take(this.#next()!);
      const started = this.#now();
      await this.#step(job);
      this.#charge(job, this.#now() - started);
      // Lets messages in: new jobs and cancellations.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#running = false;
  }

  /** Whose turn it is: a tenant's that asks, or that of encoding. */
  #next(): string | undefined {
    const { question, encode } = this.#ready;
    return this.#askers.least([...question.keys(), ...(encode.size > 0 ? [ENCODING] : [])]);
  }

  #take(next: string): Job {
    const ready = this.#ready[next === ENCODING ? 'encode' : 'question'];
    const tenant = next === ENCODING ? this.#encoders.least(ready.keys())! : next;
    const jobs = ready.get(tenant)!;
    const job = jobs.shift()!;
    if (jobs.length === 0) ready.delete(tenant);
    return job;
  }

  #charge({ priority, tenant }: Job, ms: number): void {
    if (priority === 'question') this.#askers.charge(tenant, ms);
    else {
      this.#askers.charge(ENCODING, ms * ENCODE_WEIGHT);
      this.#encoders.charge(tenant, ms);
    }
  }

  /** Ends when a job has come, or come back, but soon in any case. */
  async #moment(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, BLOBS_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** How what it waits for ends is the job's own business. */
  #resumeAfter(awaited: Promise<unknown>, job: Job): void {
    const question = job.priority === 'question' ? 1 : 0;
    this.#waiting += question;
    const resume = () => {
      this.#waiting -= question;
      this.#push(job);
    };
    awaited.then(resume, resume);
  }

  async #step(job: Job): Promise<void> {
    try {
      if (job.signal.aborted) {
        await job.steps.return(undefined);
        job.reject(new BlockragError('cancelled', 'The request was cancelled.'));
        return;
      }
      const step = await job.steps.next();
      if (step.done) job.resolve(step.value);
      else if (step.value === undefined) this.#push(job);
      else this.#resumeAfter(step.value.until, job);
    } catch (error) {
      job.reject(error);
    }
  }
}
