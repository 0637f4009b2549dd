import { BlockragError } from './errors.ts';

/** Lets a number of callers in at once; the others wait their turn. With one place it is a mutex. */
export class Gate {
  #places: number;
  #free: number;
  #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#places = places;
    this.#free = places;
  }

  /** Whether nobody is inside. */
  get idle(): boolean {
    return this.#free === this.#places;
  }

  /** Runs work inside, first come first served. @throws BlockragError `cancelled` when aborted while waiting */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  #enter(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancelled = () => new BlockragError('cancelled', 'The request was cancelled.');
      if (signal?.aborted) return reject(cancelled());
      if (this.#free > 0) {
        this.#free--;
        return resolve();
      }
      const enter = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== enter);
        reject(cancelled());
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.push(enter);
    });
  }
}
