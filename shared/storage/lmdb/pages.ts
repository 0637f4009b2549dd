/**
 * The file format of LMDB (data version 2, 64 bits, little endian), as far as a check needs it. Offsets are bytes.
 *
 * page      0 number u64, 8 transaction u64, 18 flags u16, 20 lower u16 and 22 upper u16 (or 20 pages u32), 24 content
 * content   offsets of nodes u16 from 0 to lower; nodes from upper to the page's end, without gaps; both count from 24
 * node      0 size of data u32 (branch: child page u48), 4 flags u16, 6 size of key u16, 8 key, data
 * database  4 flags u16, 6 depth u16, 32 rows u64, 40 root page u64
 * meta      24 magic u32, 28 version u32, 48 free pages' database, 96 main database, 144 last page, 152 transaction
 */
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const META_BYTES = 168;
const META_FLAG = 8;
/** The free pages' database has transactions as keys. */
const INTEGER_KEYS = 8;
const MIN_PAGE = 4096;
const MAX_PAGE = 32_768;
const MAX_DEPTH = 32;
/** What one transaction gives out at most. */
const UNWRITTEN_PAGES = 131_072;
/** Page number of a database without rows. */
const NO_PAGE = 0xffff_ffff_ffff_ffffn;

export const HEADER = 24;
export const DATABASE_BYTES = 48;

/** Why a file is no whole database. */
export class Damage extends Error {}

/** Where a tree of pages begins. */
export interface Tree {
  name: string;
  /** Undefined when it has no rows. */
  root: number | undefined;
  /** Levels of pages. */
  depth: number;
  rows: number;
}

/** The last state that was committed. */
export interface Snapshot {
  transaction: number;
  pageBytes: number;
  lastPage: number;
  free: Tree;
  main: Tree;
}

/** A u64 that counts something: what does not fit into a number is damage. */
export function count(page: Buffer, offset: number): number {
  const high = page.readUInt32LE(offset + 4);
  if (high > 0xffff) throw new Damage('a number is too large');
  return high * 2 ** 32 + page.readUInt32LE(offset);
}

/** @param flags what the database's flags must be */
export function readTree(name: string, bytes: Buffer, offset: number, flags: number): Tree {
  const depth = bytes.readUInt16LE(offset + 6);
  const rows = count(bytes, offset + 32);
  const empty = bytes.readBigUInt64LE(offset + 40) === NO_PAGE;
  const root = empty ? undefined : count(bytes, offset + 40);
  const sane = empty ? depth === 0 && rows === 0 : depth > 0 && depth <= MAX_DEPTH;
  if (!sane || bytes.readUInt16LE(offset + 4) !== flags) throw new Damage(`the root of ${name} is wrong`);
  return { name, root, depth, rows };
}

/** Both of the file's first pages are in it, whatever a page's size. */
export const BEGINNING_BYTES = 2 * MAX_PAGE;

/**
 * The newest of the two states that the file's first two pages tell of.
 * @param beginning the file's first BEGINNING_BYTES, or all of a shorter one
 * @param size bytes of the file
 * @throws Damage
 */
export function snapshotOf(beginning: Buffer, size: number): Snapshot {
  const first = readMeta(beginning, 0, 0);
  const second = readMeta(beginning, first.pageBytes, 1);
  if (first.pageBytes !== second.pageBytes) throw new Damage('its first pages contradict each other');
  // Transaction N is written to page N % 2: LMDB relies on it.
  const [older, newest] = first.transaction > second.transaction ? [second, first] : [first, second];
  const isNew = newest.transaction === 0;
  const follows = newest.transaction === older.transaction + 1 && first.transaction % 2 === 0;
  if (!isNew && !follows) throw new Damage('its first pages contradict each other');
  const pages = Math.floor(size / first.pageBytes);
  // Fewer may be there than were given out: the last ones need not have been written to.
  if (pages < 2 || newest.lastPage > 2 * pages + UNWRITTEN_PAGES) throw new Damage('it is cut off');
  return newest;
}

function readMeta(beginning: Buffer, offset: number, page: number): Snapshot {
  if (beginning.length < offset + META_BYTES) throw new Damage('it is cut off');
  const meta = beginning.subarray(offset, offset + META_BYTES);
  const pageBytes = meta.readUInt32LE(48);
  const isMeta =
    count(meta, 0) === page &&
    meta.readUInt16LE(18) === META_FLAG &&
    meta.readUInt32LE(24) === MAGIC &&
    meta.readUInt32LE(28) === DATA_VERSION &&
    pageBytes >= MIN_PAGE &&
    pageBytes <= MAX_PAGE &&
    (pageBytes & (pageBytes - 1)) === 0;
  if (!isMeta) throw new Damage(`page ${page} is not what an LMDB database begins with`);
  return {
    transaction: count(meta, 152),
    pageBytes,
    lastPage: count(meta, 144),
    free: readTree('the free pages', meta, 48, INTEGER_KEYS),
    main: readTree('the main database', meta, 96, 0),
  };
}
