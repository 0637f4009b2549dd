/** Data that lies beside the project and not in it (see CONTRIBUTING): question sets, corpora. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const FOLDER = resolve(process.env.BLOCKRAG_SHARED ?? join(import.meta.dirname, '../../../shared'));

/** A file of the shared folder; undefined where the machine has no such folder. In CI it must be there. */
export function sharedFile(path: string): string | undefined {
  const file = join(FOLDER, path);
  if (existsSync(file)) return file;
  if (process.env.CI) throw new Error(`${file} is missing: set BLOCKRAG_SHARED to the shared folder`);
  return undefined;
}
