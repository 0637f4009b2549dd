import { BlockragError } from './errors.ts';

/**
 * Lets a number of callers in at once; the others wait their turn. With one place it is a mutex. Who waits is let in
 * in turns by group, first come first served within it: many of one do not keep one of another waiting.
 */
export class Gate {
  #places: number;
  #newcomers: number;
  #inside = new Map<string, number>();
  #total = 0;
  /** The group that is next comes first. */
  #waiting = new Map<string, (() => void)[]>();

  /** @param options.newcomers places beyond, for groups of which nobody is inside */
  constructor(places: number, { newcomers = 0 }: { newcomers?: number } = {}) {
    this.#places = places;
    this.#newcomers = newcomers;
  }

  /** Whether nobody is inside. */
  get idle(): boolean {
    return this.#total === 0;
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
      this.#count(group, -1);
      this.#serveNext();
    }
  }

  #hasRoom(group: string): boolean {
    if (this.#total < this.#places) return true;
    return !this.#inside.has(group) && this.#total < this.#places + this.#newcomers;
  }

  #count(group: string, more: 1 | -1): void {
    this.#total += more;
    const inside = (this.#inside.get(group) ?? 0) + more;
    if (inside === 0) this.#inside.delete(group);
    else this.#inside.set(group, inside);
  }

  /** Lets in whoever is next, if there is room. */
  #serveNext(): void {
    for (const [group, waiting] of this.#waiting) {
      if (waiting.length > 0 && !this.#hasRoom(group)) continue;
      const next = waiting.shift();
      this.#waiting.delete(group);
      if (waiting.length > 0) this.#waiting.set(group, waiting);
      next?.();
      if (next !== undefined) return;
    }
  }

  #enter(signal: AbortSignal | undefined, group: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancelled = () => new BlockragError('cancelled', 'The request was cancelled.');
      if (signal?.aborted) return reject(cancelled());
      if (this.#hasRoom(group)) {
        this.#count(group, 1);
        return resolve();
      }
      const enter = () => {
        signal?.removeEventListener('abort', leave);
        this.#count(group, 1);
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
