/** What every driver of the Table port asks of its callers. */
import { BlockragError } from '../../errors.ts';
import type { WriteOperation } from '../ports.ts';

/** Operations of one write at most; see `Table.write`. */
export const MAX_OPERATIONS = 100;
/** Rows of a page of a query without a limit. */
export const DEFAULT_PAGE = 1000;

/** The row that an operation is about. */
export function targetOf(operation: WriteOperation): { partition: string; sort: string } {
  if ('put' in operation) return operation.put;
  return 'delete' in operation ? operation.delete : operation.check;
}

/** Refuses too many operations, and two on one row. @throws BlockragError `invalid_request` */
export function checkWrite(operations: readonly WriteOperation[]): void {
  if (operations.length > MAX_OPERATIONS) {
    const message = `A write has ${operations.length} operations: ${MAX_OPERATIONS} are allowed.`;
    throw new BlockragError('invalid_request', message);
  }
  const rows = operations.map((operation) => {
    const { partition, sort } = targetOf(operation);
    return JSON.stringify([partition, sort]);
  });
  if (new Set(rows).size < rows.length) {
    throw new BlockragError('invalid_request', 'Two operations of one write are on the same row.');
  }
}

/** @throws BlockragError `invalid_request` */
export function checkLimit(limit: number): void {
  if (!(limit >= 1)) throw new BlockragError('invalid_request', 'A page has at least one row.');
}
