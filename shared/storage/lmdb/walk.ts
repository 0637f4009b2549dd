import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { freeRunsOf } from './free-pages.ts';
import {
  BIG,
  BRANCH,
  checkHeader,
  DATABASE,
  LEAF,
  nodesOf,
  OVERFLOW,
  type PageNode,
  type Run,
  runOf,
} from './nodes.ts';
import { DATABASE_BYTES, Damage, HEADER, readTree, type Snapshot, type Tree } from './pages.ts';

/** Pages are read together when no more than this many others lie between them. */
const GAP_PAGES = 16;
const READ_BYTES = 1 << 20;
const SUM_MODULUS = 2 ** 48;

/** Reads every page that a snapshot uses, once. */
export class Walk {
  #file: FileHandle;
  #snapshot: Snapshot;
  /** 1 for a page in use. */
  #used: Uint8Array;
  #sum = 0;
  #named: Tree[] = [];

  /** @param size bytes of the file */
  constructor(file: FileHandle, snapshot: Snapshot, size: number) {
    this.#file = file;
    this.#snapshot = snapshot;
    const pages = Math.min(Math.floor(size / snapshot.pageBytes), snapshot.lastPage + 1);
    this.#used = new Uint8Array(pages).fill(1, 0, 2);
  }

  /**
   * @returns the sum over the contents of all pages in use
   * @throws Damage
   */
  async run(): Promise<number> {
    const { main, free } = this.#snapshot;
    await this.#walk(main);
    for (const tree of this.#named) await this.#walk(tree);
    const lists: Buffer[] = [];
    await this.#walk(free, lists);
    for (const list of lists) this.#checkFree(list);
    return this.#sum;
  }

  /** @param lists where the values of the free pages' database go */
  async #walk(tree: Tree, lists?: Buffer[]): Promise<void> {
    const { root, depth, name } = tree;
    if (root === undefined) return;
    let level: Run[] = [{ page: root, pages: 1, bytes: 0 }];
    const large: Run[] = [];
    let rows = 0;
    for (let left = depth; left > 0; left--) {
      const leaf = left === 1;
      const next: Run[] = [];
      await this.#read(level, name, leaf ? LEAF : BRANCH, (page) => {
        const nodes = nodesOf(page, { leaf, ordered: lists === undefined });
        if (leaf) rows += nodes.length;
        for (const node of nodes) {
          if (!leaf) next.push({ page: node.value, pages: 1, bytes: 0 });
          else if (node.flags === BIG) large.push(runOf(page, node));
          else if (node.flags === DATABASE) this.#addDatabase(tree, page, node);
          else if (node.flags !== 0) throw new Damage('has a wrong row');
          else lists?.push(Buffer.from(page.subarray(node.data, node.data + node.value)));
        }
      });
      level = next;
    }
    await this.#read(large, name, OVERFLOW, (run, { bytes, pages }) => {
      if (run.readUInt32LE(20) !== pages || HEADER + bytes > run.length) throw new Damage('has a wrong size');
      lists?.push(Buffer.from(run.subarray(HEADER, HEADER + bytes)));
    });
    if (rows !== tree.rows) throw new Damage(`${name} has ${rows} rows in place of ${tree.rows}`);
  }

  #addDatabase(tree: Tree, page: Buffer, { key, data, value }: PageNode): void {
    if (tree !== this.#snapshot.main || value !== DATABASE_BYTES) throw new Damage('has a wrong row');
    this.#named.push(readTree(printable(page.toString('latin1', key, data)), page, data, 0));
  }

  async #read(
    runs: Run[],
    name: string,
    flags: number,
    visit: (bytes: Buffer, run: Run) => void,
  ): Promise<void> {
    const { pageBytes, transaction } = this.#snapshot;
    for (const group of groupsOf(runs, READ_BYTES / pageBytes)) {
      const first = group[0]!.page;
      const last = group.at(-1)!;
      for (const run of group) this.#take(run, name);
      const bytes = Buffer.allocUnsafe((last.page + last.pages - first) * pageBytes);
      const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, first * pageBytes);
      if (bytesRead < bytes.length) throw new Damage('it is cut off');
      for (const run of group) {
        const start = (run.page - first) * pageBytes;
        const content = bytes.subarray(start, start + run.pages * pageBytes);
        try {
          checkHeader(content, { number: run.page, flags, transaction });
          visit(content, run);
        } catch (error) {
          if (!(error instanceof Damage)) throw error;
          throw new Damage(`page ${run.page} (${name}) ${error.message}`);
        }
        this.#sum = (this.#sum + crc32(content)) % SUM_MODULUS;
      }
    }
  }

  /** Marks pages as used. @throws Damage when they are already, or are not there */
  #take({ page, pages }: Run, name: string): void {
    const end = page + pages;
    if (pages < 1 || end > this.#used.length) throw new Damage(`page ${page} (${name}) is not there`);
    for (let at = page; at < end; at++) {
      if (this.#used[at] !== 0) throw new Damage(`page ${at} (${name}) is used twice`);
      this.#used[at] = 1;
    }
  }

  #checkFree(list: Buffer): void {
    for (const { page, pages } of freeRunsOf(list, this.#snapshot.lastPage)) {
      if (this.#used.subarray(page, page + pages).includes(1)) {
        throw new Damage(`page ${page} is free and in use`);
      }
    }
  }
}

/** Names end in a zero; damaged ones may hold anything. */
function printable(name: string): string {
  return name.replaceAll(/[^ -~]/g, '');
}

/** Neighbours, to be read at once; at most that many pages unless one run has more. */
function* groupsOf(runs: Run[], most: number): Generator<Run[]> {
  let group: Run[] = [];
  for (const run of runs.sort((a, b) => a.page - b.page)) {
    const first = group[0]?.page ?? run.page;
    const end = group.length === 0 ? run.page : group.at(-1)!.page + group.at(-1)!.pages;
    if (run.page - end > GAP_PAGES || run.page + run.pages - first > most) {
      if (group.length > 0) yield group;
      group = [];
    }
    group.push(run);
  }
  if (group.length > 0) yield group;
}
