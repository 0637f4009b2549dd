import { BlockragError } from '../errors.ts';

// Node names its errors, LMDB numbers them: ENOSPC, EDQUOT, and LMDB's own MDB_MAP_FULL.
const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 28, 122, -30792]);

/**
 * An error of a disk or database as a BlockragError: `storage_full` when there is no room left, otherwise
 * `storage_failed` with the system's code in data.code. One of ours is returned as it is.
 *
 * @param action what was being done, to complete "Could not ..."
 */
export function storageFailure(error: unknown, action: string): BlockragError {
  if (error instanceof BlockragError) return error;
  const { code, message } = Object(error) as { code?: unknown; message?: string };
  if (FULL.has(code)) {
    const full = `Could not ${action}: the disk is full. Free some space and try again.`;
    return new BlockragError('storage_full', full, { cause: error });
  }
  const data = typeof code === 'string' || typeof code === 'number' ? { code } : {};
  return new BlockragError('storage_failed', `Could not ${action}: ${message ?? String(error)}.`, {
    cause: error,
    data,
  });
}
