const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Lets receivers wait without polling until something has changed. */
export class Bell {
  #waiting = new Set<() => void>();

  /** Wakes all who wait. */
  ring(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at that time (ms since the epoch), when the bell rings, or on abort. */
  wait(until: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(until - Date.now(), LONGEST_TIMER_MS));
      signal?.addEventListener('abort', wake);
      this.#waiting.add(wake);
    });
  }
}
