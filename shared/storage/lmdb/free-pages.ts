/** The pages of an LMDB file that no state needs any more, and zeros in their place. */
import { fstatSync, readSync, writeSync } from 'node:fs';
import { BIG, BRANCH, checkHeader, LEAF, nodesOf, OVERFLOW, runOf } from './nodes.ts';
import { BEGINNING_BYTES, count, Damage, HEADER, type Snapshot, snapshotOf } from './pages.ts';

/** Pages that lie together. */
export interface FreeRun {
  page: number;
  pages: number;
}

/**
 * The pages of one list: how many numbers it has, then pages, or minus the length of a run and its first page.
 * @param lastPage the last page that was ever given out
 * @throws Damage
 */
export function* freeRunsOf(list: Buffer, lastPage: number): Generator<FreeRun> {
  const wrong = () => new Damage('the list of free pages is wrong');
  if (list.length < 8 || list.length % 8 !== 0) throw wrong();
  const numbers = count(list, 0);
  if (8 + 8 * numbers > list.length) throw wrong();
  for (let i = 1; i <= numbers; i++) {
    const number = list.readBigInt64LE(8 * i);
    const pages = number < 0n ? Number(-number) : 1;
    if (number < 0n && ++i > numbers) throw wrong();
    const page = number < 0n ? count(list, 8 * i) : Number(number);
    // A place in the list that was used up.
    if (page === 0 && pages === 1) continue;
    if (page < 2 || page + pages > lastPage + 1) throw wrong();
    yield { page, pages };
  }
}

/** What one step of zeroing has done. */
export interface ZeroStep {
  /** The page to go on from; undefined at the file's end. */
  next: number | undefined;
  /** Whether free pages had to be left, for the reader of an older state. */
  held: boolean;
}

/**
 * Writes zeros over free pages, as LMDB's own next transaction might write over them. Call it while the write lock is
 * held: then no page becomes free or is taken, and what the transaction under way has taken is still in memory.
 * @param file descriptor of data.mdb, open for reading and writing
 * @param from the first page to look at
 * @param most pages to look at
 * @param oldestReader the oldest state that a reader looks at
 * @throws Damage; errors of the system
 */
export function zeroFreePages(
  file: number,
  { from, most, oldestReader }: { from: number; most: number; oldestReader: number },
): ZeroStep {
  const { size } = fstatSync(file);
  const snapshot = snapshotOf(readAt(file, 0, Math.min(size, BEGINNING_BYTES)), size);
  const { pageBytes, lastPage, transaction } = snapshot;
  const end = Math.min(from + most, Math.floor(size / pageBytes));
  // The state before the last one must stay whole, too: it is what a crash would leave.
  const before = Math.min(transaction, oldestReader);
  let held = false;
  for (const { freedBy, list } of freeLists(file, snapshot)) {
    for (const { page, pages } of freeRunsOf(list, lastPage)) {
      const [first, after] = [Math.max(page, from), Math.min(page + pages, end)];
      if (first >= after) continue;
      if (freedBy < before) zero(file, first * pageBytes, after * pageBytes);
      else held ||= freedBy < transaction;
    }
  }
  // A transaction that failed may have written beyond what was ever given out.
  const beyond = Math.max(lastPage + 1, from);
  if (beyond < end) zero(file, beyond * pageBytes, end * pageBytes);
  return { next: end * pageBytes + pageBytes > size ? undefined : end, held };
}

/** The lists of free pages, each with the transaction that freed them. */
function* freeLists(
  file: number,
  { free, pageBytes, transaction }: Snapshot,
): Generator<{ freedBy: number; list: Buffer }> {
  const read = (number: number, pages: number, flags: number) => {
    const page = readAt(file, number * pageBytes, pages * pageBytes);
    checkHeader(page, { number, flags, transaction });
    return page;
  };
  let level = free.root === undefined ? [] : [free.root];
  for (let left = free.depth; left > 0; left--) {
    const next: number[] = [];
    for (const number of level) {
      const leaf = left === 1;
      const page = read(number, 1, leaf ? LEAF : BRANCH);
      for (const node of nodesOf(page, { leaf, ordered: false })) {
        if (!leaf) {
          next.push(node.value);
          continue;
        }
        let list = page.subarray(node.data, node.data + node.value);
        if (node.flags === BIG) {
          const run = runOf(page, node);
          list = read(run.page, run.pages, OVERFLOW).subarray(HEADER, HEADER + run.bytes);
        }
        yield { freedBy: count(page, node.key), list };
      }
    }
    level = next;
  }
}

/** Writes only where something is: most free pages have been zeroed before. */
function zero(file: number, start: number, end: number): void {
  const zeros = Buffer.alloc(end - start);
  if (!readAt(file, start, zeros.length).equals(zeros)) writeSync(file, zeros, 0, zeros.length, start);
}

function readAt(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (readSync(file, bytes, 0, length, position) < length) throw new Damage('it is cut off');
  return bytes;
}
