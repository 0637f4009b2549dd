/** LMDB leaves deleted data in its pages until they are written again. This overwrites them. */
import { createHash } from 'node:crypto';
import { asBinary } from 'lmdb';
import type { Environment, NamedDatabase } from './environment.ts';

/** A value that with its key fills most of a page and is not moved to an overflow page. */
const FILLER = new Uint8Array(1900);
const ROWS_PER_TRANSACTION = 64;
/** 256 MB of pages: more than any catalog leaves behind between two calls. */
const MAX_TRANSACTIONS = 1024;
/** Pages freed by the latest transactions are not used by the next one: growth must repeat to mean anything. */
const GROWTHS = 3;
const REWRITTEN_AT_ONCE = 256;

/**
 * Overwrites all that deleted rows of a database have left on the disk, but for at most 7 bytes directly below a row
 * in use: LMDB copies a page's rows from the multiple of 8 below them. Reads and writes may go on meanwhile.
 */
export async function scrubDatabase<V>(environment: Environment, database: NamedDatabase<V>): Promise<void> {
  await rewriteRows(environment, database);
  await overwriteFreedPages(environment);
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

/**
 * Overwrites free pages by filling them with rows until the file has to grow, which are then deleted. The file
 * grows by a few transactions' rows.
 */
async function overwriteFreedPages(environment: Environment): Promise<void> {
  const scratch = environment.database<Uint8Array>('scrub');
  const lastPage = () => (scratch.getStats() as { lastPageNumber: number }).lastPageNumber;
  const key = (n: number) => createHash('sha256').update(String(n)).digest();
  let rows = 0;
  let growths = 0;
  for (let n = 0; n < MAX_TRANSACTIONS && growths < GROWTHS; n++) {
    environment.refresh();
    const before = lastPage();
    await environment.write(() => {
      for (let i = 0; i < ROWS_PER_TRANSACTION; i++) scratch.putSync(key(rows++), FILLER);
    });
    environment.refresh();
    growths = lastPage() > before ? growths + 1 : 0;
  }
  await environment.write(() => void scratch.clearSync());
}
