/** How far a long run is, on stderr. */

/** Milliseconds between lines where stderr is no terminal. */
const QUIET_MS = 30_000;

export class Progress {
  #total: number;
  #done = 0;
  #started = performance.now();
  #told = Number.NEGATIVE_INFINITY;

  /** @param total steps that are left to do */
  constructor(total: number) {
    this.#total = total;
  }

  /** One step is done. @param what it was */
  step(what: string): void {
    this.#done++;
    const now = performance.now();
    const { isTTY } = process.stderr;
    if (!isTTY && now - this.#told < QUIET_MS && this.#done < this.#total) return;
    this.#told = now;
    const left = ((now - this.#started) / this.#done) * (this.#total - this.#done);
    const line = `${this.#done}/${this.#total} ${what}, ${duration(left)} left`;
    const end = this.#done === this.#total ? '\n' : '';
    process.stderr.write(isTTY ? `\r\x1b[K${line}${end}` : `${line}\n`);
  }
}

/** Milliseconds as "2 h 05 min", "3 min" or "20 s". */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
