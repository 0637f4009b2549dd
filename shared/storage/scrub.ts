/** LMDB leaves deleted data in its free pages until they are used again: this uses them. */
import { createHash } from 'node:crypto';
import type { Environment } from './lmdb.ts';

/** A value that with its key fills most of a page and is not moved to an overflow page. */
const FILLER = new Uint8Array(1900);
const ROWS_PER_TRANSACTION = 64;
/** 256 MB of pages: more than any catalog leaves behind between two calls. */
const MAX_TRANSACTIONS = 1024;
/** Pages freed by the latest transactions are not used by the next one: growth must repeat to mean anything. */
const GROWTHS = 3;

/**
 * Overwrites free pages by filling them with rows until the file has to grow, which are then deleted. The file
 * grows by a few transactions' rows.
 */
export async function overwriteFreedPages(environment: Environment): Promise<void> {
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
