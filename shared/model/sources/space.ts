/** Room on the disk: what is free, and what folders take. */
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockragError } from '../../errors.ts';

/**
 * Checks that a file system has room for what is about to be written.
 *
 * @param folder one that exists
 * @param bytes what will be written at most, counted at its highest point
 * @throws BlockragError `storage_full`
 */
export async function requireSpace(folder: string, bytes: number, file: string): Promise<void> {
  const { blocks, bavail, bsize } = await statfs(folder);
  // Some network file systems tell nothing: the write itself says then whether there is room.
  if (blocks === 0 || bavail * bsize >= bytes) return;
  const message = `There is no room for ${file}: ${megabytes(bytes)} are needed in ${folder}, and ${megabytes(bavail * bsize)} are free. Free some space, or set BLOCKRAG_CACHE to a folder on another disk.`;
  throw new BlockragError('storage_full', message, { data: { needed: bytes, free: bavail * bsize } });
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

/** Bytes of all files below a folder; files that vanish meanwhile count nothing. */
export async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries.map(async (entry) => {
    if (!entry.isFile()) return 0;
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
    return found?.size ?? 0;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
