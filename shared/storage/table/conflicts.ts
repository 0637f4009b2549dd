/** Optimistic concurrency: what lost against another writer reads again and tries again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BlockragError, isBlockragError } from '../../errors.ts';

const ATTEMPTS = 16;
/** A loaded table takes long for one attempt: who tries for less time than this goes on trying. */
const PATIENCE_MS = 5_000;
const FIRST_DELAY_MS = 4;
const LONGEST_DELAY_MS = 250;

/**
 * Runs an attempt that reads rows and writes them conditionally until it meets no `conflict`, at least 16 times and
 * for 5 s. The delays grow and are random, so that rivals do not meet again.
 * @throws BlockragError `overloaded` when every attempt met a conflict; what the attempt throws else
 */
export async function untilNoConflict<T>(
  attempt: () => Promise<T>,
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  const started = performance.now();
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBlockragError(error, 'conflict')) throw error;
      if (tried >= ATTEMPTS && performance.now() - started >= patienceMs) {
        const message = 'Too many requests change the same rows at once: try again in a moment.';
        throw new BlockragError('overloaded', message, { cause: error });
      }
    }
    await sleep(Math.random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** tried));
  }
}
