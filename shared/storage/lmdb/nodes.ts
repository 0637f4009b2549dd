import { count, Damage, HEADER } from './pages.ts';

/** Kinds of pages, as their header says. */
export const BRANCH = 1;
export const LEAF = 2;
export const OVERFLOW = 4;
const NODE_HEADER = 8;
/** Flags of a node: its data are on pages of their own, or a database. */
export const BIG = 1;
export const DATABASE = 2;
/** What a node holds of data that are elsewhere: page, transaction, pages. */
const BIG_BYTES = 24;

/** A key and where its data are, as offsets into the page. */
export interface PageNode {
  flags: number;
  key: number;
  data: number;
  /** Bytes of the data, or the page of a branch's child. */
  value: number;
}

/** Pages that lie together; a value that is larger than a page has a run of its own. */
export interface Run {
  page: number;
  pages: number;
  /** Bytes of the value. */
  bytes: number;
}

/** Where a node's data are, which are on pages of their own. @throws Damage */
export function runOf(page: Buffer, { data, value }: PageNode): Run {
  if (data + BIG_BYTES > page.length) throw new Damage('has a wrong row');
  return { page: count(page, data), pages: count(page, data + 16), bytes: value };
}

/**
 * The nodes of a page.
 * @param ordered keys are in byte order; those of free pages are numbers
 * @throws Damage when they do not fill the page as LMDB fills it: without gaps, keys in order
 */
export function nodesOf(page: Buffer, { leaf, ordered }: { leaf: boolean; ordered: boolean }): PageNode[] {
  const lower = page.readUInt16LE(20);
  const upper = page.readUInt16LE(22);
  const end = page.length - HEADER;
  const number = lower >> 1;
  // A branch with one child is left only where LMDB is about to merge it, in the database of free pages.
  const fewest = leaf || !ordered ? 1 : 2;
  if (lower % 2 !== 0 || upper % 2 !== 0 || lower > upper || upper > end || number < fewest) {
    throw new Damage('has wrong bounds');
  }
  /** Bytes of the node that begins there, by half the offset. */
  const sizes = new Uint16Array(end >> 1);
  const nodes: PageNode[] = [];
  for (let i = 0; i < number; i++) {
    const offset = page.readUInt16LE(HEADER + 2 * i);
    if (offset < upper || offset % 2 !== 0 || offset + NODE_HEADER > end) throw new Damage('has a wrong row');
    const at = HEADER + offset;
    const flags = page.readUInt16LE(at + 4);
    const keyBytes = page.readUInt16LE(at + 6);
    const value = leaf ? page.readUInt32LE(at) : page.readUInt32LE(at) + flags * 2 ** 32;
    const dataBytes = leaf ? (flags === BIG ? BIG_BYTES : value) : 0;
    const size = NODE_HEADER + keyBytes + dataBytes;
    // The first key of a branch is never looked at, and may be left out.
    const hasKey = keyBytes > 0 || (!leaf && i === 0);
    if (!hasKey || offset + size > end || sizes[offset >> 1] !== 0) throw new Damage('has a wrong row');
    sizes[offset >> 1] = size;
    const key = at + NODE_HEADER;
    const node = { flags: leaf ? flags : 0, key, data: key + keyBytes, value };
    const before = nodes.at(-1);
    const follows = before === undefined || (!leaf && i === 1) || !ordered;
    if (!follows && page.compare(page, before.key, before.data, key, node.data) <= 0) {
      throw new Damage('has rows in the wrong order');
    }
    nodes.push(node);
  }
  let at = upper;
  for (let i = 0; i < number; i++) {
    const size = sizes[at >> 1] ?? 0;
    if (size === 0) throw new Damage('has a gap');
    at += size + (size % 2);
  }
  if (at !== end) throw new Damage('has a gap');
  return nodes;
}

/** Whether a page is of that kind, and where it should be. @throws Damage */
export function checkHeader(
  page: Buffer,
  expected: { number: number; flags: number; transaction: number },
): void {
  const isHere = page.readUInt32LE(4) === Math.floor(expected.number / 2 ** 32);
  if (!isHere || page.readUInt32LE(0) !== expected.number % 2 ** 32) throw new Damage('is another');
  if (page.readUInt16LE(18) !== expected.flags) throw new Damage('is of another kind');
  // Pages of transactions to come are taken for memory that can be written to.
  const transaction = page.readUInt32LE(12) * 2 ** 32 + page.readUInt32LE(8);
  if (transaction > expected.transaction) throw new Damage('is of no transaction');
}
