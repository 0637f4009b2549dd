/**
 * Who has had how much of a time that all take turns at: whoever has had the least is next (start-time fair queueing).
 * Who comes after a pause may catch up what the others have had meanwhile, up to a limit (borrowed virtual time), so
 * somebody who wants little does not wait for those who want much.
 */

/** Milliseconds that can be caught up: several times a first token, and no long wait for the others. */
const CATCH_UP_MS = 5_000;

export class TimeShares {
  /** Milliseconds; only the differences count. */
  #used = new Map<string, number>();
  /** Jobs under way by whose they are. */
  #open = new Map<string, number>();

  /**
   * Somebody has one more job.
   * @param options.catchUpMs negative: who comes after a pause begins behind the others
   */
  enter(name: string, { catchUpMs = CATCH_UP_MS }: { catchUpMs?: number } = {}): void {
    const open = this.#open.get(name) ?? 0;
    this.#open.set(name, open + 1);
    if (open > 0) return;
    const others = [...this.#open.keys()].filter((other) => other !== name);
    if (others.length === 0) this.#used.clear();
    const least = Math.min(...others.map((other) => this.#used.get(other)!));
    const start = others.length === 0 ? 0 : least - catchUpMs;
    this.#used.set(name, Math.max(this.#used.get(name) ?? start, start));
    // Who is further behind than one may catch up is as one who was never there.
    for (const [other, used] of this.#used) {
      if (!this.#open.has(other) && used <= least - CATCH_UP_MS) this.#used.delete(other);
    }
  }

  /** One of the jobs has ended. */
  leave(name: string): void {
    const open = this.#open.get(name)! - 1;
    if (open === 0) this.#open.delete(name);
    else this.#open.set(name, open);
  }

  charge(name: string, ms: number): void {
    this.#used.set(name, (this.#used.get(name) ?? 0) + ms);
  }

  /** Whoever of them has had the least, the first of those that are even; all must have a job. */
  least(names: Iterable<string>): string | undefined {
    let best: string | undefined;
    for (const name of names) {
      if (best === undefined || this.#used.get(name)! < this.#used.get(best)!) best = name;
    }
    return best;
  }
}
