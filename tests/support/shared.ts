/** Data that lies beside the project and not in it (see CONTRIBUTING): question sets, corpora. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const FOLDER = resolve(process.env.BLOCKRAG_SHARED ?? join(import.meta.dirname, '../../../shared'));

/** The first of these files that the shared folder has; undefined where there is none. In CI there must be one. */
export function sharedFile(...paths: string[]): string | undefined {
  const files = paths.map((path) => join(FOLDER, path));
  const found = files.find((file) => existsSync(file));
  if (found === undefined && process.env.CI) {
    throw new Error(`${files.join(' or ')} is missing: set BLOCKRAG_SHARED to the shared folder`);
  }
  return found;
}
