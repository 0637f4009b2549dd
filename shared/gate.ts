import { BlockragError } from './errors.ts';

/**
 * Lets a number of callers in at once; the others wait their turn. With one place it is a mutex. Who waits is let in
 * in turns by group, first come first served within it: many of one do not keep one of another waiting.
 */
export class Gate {
  #places: number;
  #free: number;
  /** The group that is next comes first. */
  #waiting = new Map<string, (() => void)[]>();

  constructor(places: number) {
    this.#places = places;
    this.#free = places;
  }

  /** Whether nobody is inside. */
  get idle(): boolean {
    return this.#free === this.#places;
  }

  /**
   * Runs work inside.
   * @param group whose it is: a tenant
   * @throws BlockragError `cancelled` when aborted while waiting
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal, group = ''): Promise<T> {
    await this.#enter(signal, group);
    try {
      return await work();
    } finally {
      const next = this.#next();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  #next(): (() => void) | undefined {
    for (const [group, waiting] of this.#waiting) {
      const next = waiting.shift();
      this.#waiting.delete(group);
      if (waiting.length > 0) this.#waiting.set(group, waiting);
      if (next !== undefined) return next;
    }
    return undefined;
  }

  #enter(signal: AbortSignal | undefined, group: string): Promise<void> {
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
        const waiting = this.#waiting.get(group);
        // Who is let in at this moment has left the queue already.
        const at = waiting?.indexOf(enter) ?? -1;
        if (at >= 0) waiting!.splice(at, 1);
        reject(cancelled());
      };
      signal?.addEventListener('abort', leave, { once: true });
      const waiting = this.#waiting.get(group);
      if (waiting === undefined) this.#waiting.set(group, [enter]);
      else waiting.push(enter);
    });
  }
}

/** A gate of one place for each group: what is of one group is done one after another, and no other waits for it. */
export class GroupGates {
  #gates = new Map<string, { gate: Gate; inside: number }>();

  /** Whether work of that group would begin at once. */
  isFree(group: string): boolean {
    return !this.#gates.has(group);
  }

  /** @throws BlockragError `cancelled` when aborted while waiting */
  async run<T>(group: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const entry = this.#gates.get(group) ?? { gate: new Gate(1), inside: 0 };
    this.#gates.set(group, entry);
    entry.inside++;
    try {
      return await entry.gate.run(work, signal);
    } finally {
      if (--entry.inside === 0) this.#gates.delete(group);
    }
  }
}
