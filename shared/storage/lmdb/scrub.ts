/** LMDB leaves deleted data in its pages until they are written again. This overwrites them. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { asBinary } from 'lmdb';
import { DATA } from './check.ts';
import type { Environment, NamedDatabase } from './environment.ts';
import { type ZeroStep, zeroFreePages } from './free-pages.ts';

/** 4 MB of usual pages: the event loop waits as long as they take to be read and written. */
const PAGES_AT_ONCE = 1024;
const MARK = Buffer.from('mark');
const REWRITTEN_AT_ONCE = 256;

/**
 * Overwrites all that deleted rows of a database have left on the disk, but for at most 7 bytes directly below a row
 * in use: LMDB copies a page's rows from the multiple of 8 below them. Reads and writes may go on meanwhile.
 * @returns false when some is left because a reader, of a backup for example, still looks at an older state
 */
export async function scrubDatabase<V>(
  environment: Environment,
  database: NamedDatabase<V>,
): Promise<boolean> {
  await rewriteRows(environment, database);
  return overwriteFreedPages(environment);
}

/**
 * Puts every row as it is. Where a row was removed or moved, its bytes may stay between the others of a page that
 * is in use; a page that is written anew has zeros there.
 */
async function rewriteRows<V>(environment: Environment, database: NamedDatabase<V>): Promise<void> {
  let after: Uint8Array | undefined;
  do {
    environment.refresh();
    const range = after === undefined ? {} : { start: after, exclusiveStart: true };
    const keys = environment.read(() => [...database.getKeys({ ...range, limit: REWRITTEN_AT_ONCE })]);
    await environment.write(() => {
      for (const key of keys) {
        const bytes = database.getBinary(key);
        if (bytes !== undefined) database.putSync(key, asBinary(bytes) as V);
      }
    });
    after = keys.at(-1);
  } while (after !== undefined);
}

/** @returns false when the reader of an older state still needs some of them */
async function overwriteFreedPages(environment: Environment): Promise<boolean> {
  // What the last transaction freed is part of the state before it, which stays until there is a newer one.
  const scratch = environment.database<number>('scrub');
  await environment.write(() => scratch.putSync(MARK, Date.now()));
  const file = await open(join(environment.directory, DATA), 'r+');
  try {
    let all = true;
    let from: number | undefined = 0;
    while (from !== undefined) {
      const step: ZeroStep = await environment.write(() =>
        zeroFreePages(file.fd, {
          from: from!,
          most: PAGES_AT_ONCE,
          oldestReader: environment.oldestReader(),
        }),
      );
      all &&= !step.held;
      from = step.next;
    }
    await file.datasync();
    return all;
  } finally {
    await file.close();
  }
}
