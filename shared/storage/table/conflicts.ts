/** Optimistic concurrency: a write states what it relies on, and a writer that loses reads and tries again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BlockragError, isBlockragError } from '../../errors.ts';
import type { Condition, Row, RowData, Table, WriteOperation } from '../ports.ts';

/** What names a row as it was read. */
export type ReadRow = Pick<Row, 'partition' | 'sort' | 'revision'>;

const ATTEMPTS = 16;
/** A loaded table takes long for one attempt: who tries for less time than this goes on trying. */
const PATIENCE_MS = 5_000;
const FIRST_DELAY_MS = 4;
const LONGEST_DELAY_MS = 250;

/** The condition that a row is as it was read: undefined stands for none. */
export function ifUnchanged(row: { revision: number } | undefined): Condition {
  return row === undefined ? 'absent' : { revision: row.revision };
}

/**
 * Writes all or nothing.
 * @returns false when one of the conditions does not hold, and nothing was written
 * @throws what the table throws except `conflict`
 */
export async function tryWrite(table: Table, operations: readonly WriteOperation[]): Promise<boolean> {
  try {
    await table.write(operations);
    return true;
  } catch (error) {
    if (isBlockragError(error, 'conflict')) return false;
    throw error;
  }
}

/** Puts other data into a row that was read; false when it was changed or deleted since. */
export function putUnchanged(table: Table, row: ReadRow, data: RowData): Promise<boolean> {
  const { partition, sort } = row;
  return tryWrite(table, [{ put: { partition, sort, data }, condition: ifUnchanged(row) }]);
}

/** Deletes a row that was read; false when it was changed or deleted since. */
export function deleteUnchanged(table: Table, row: ReadRow): Promise<boolean> {
  const { partition, sort } = row;
  return tryWrite(table, [{ delete: { partition, sort }, condition: ifUnchanged(row) }]);
}

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
