/**
 * The tables of an index. New passages come to the table `passages`. When it has grown, half of its documents are moved
 * to a table of their own, so that what upkeep and an erasure cost does not grow with all that is stored.
 */
import { randomUUID } from 'node:crypto';
import type { Connection, Table } from '@lancedb/lancedb';
import { Segment } from './lancedb-segment.ts';
import {
  isConflict,
  isDamage,
  type LanceDb,
  openPassageTable,
  PASSAGE_SCHEMA,
  replacePassageTable,
  TABLE,
  whereIn,
} from './lancedb-table.ts';
import type { OptimizeOptions } from './ports.ts';

/** Rows that are moved to a segment; the table that grows has at most twice as many after its upkeep. */
const SEGMENT_ROWS = 16_000;
/** A table that is being filled for so long is of a process that was killed. */
const ABANDONED_MS = 3_600_000;
/** Tries of what meets files that another process removes. */
const ATTEMPTS = 5;

/** Whether another process was faster. */
const isOvertaken = (error: unknown) => isDamage(error, false) || isConflict(error);

/** Does something again where another process was faster. */
export async function untilNotOvertaken<T>(work: () => Promise<T>): Promise<T> {
  for (let failed = 1; ; failed++) {
    try {
      return await work();
    } catch (error) {
      if (!isOvertaken(error) || failed === ATTEMPTS) throw error;
    }
  }
}

export class Segments {
  #lancedb: LanceDb;
  #connection: Connection;
  #local: boolean;
  #rows: number;
  #open = new Map<string, Segment>();
  /** Tables that could not be opened when they were listed last. */
  #unopened = new Set<string>();
  /** Another one when rows may have moved: who has searched meanwhile may have missed them. */
  generation = 0;

  private constructor(lancedb: LanceDb, connection: Connection, local: boolean, rows: number) {
    this.#lancedb = lancedb;
    this.#connection = connection;
    this.#local = local;
    this.#rows = rows;
  }

  /** @param rows of a segment, if not SEGMENT_ROWS */
  static async open(
    lancedb: LanceDb,
    connection: Connection,
    local: boolean,
    rows = SEGMENT_ROWS,
  ): Promise<Segments> {
    const segments = new Segments(lancedb, connection, local, rows);
    segments.#open.set(TABLE, new Segment(lancedb, await openPassageTable(lancedb, connection, local)));
    return segments;
  }

  /** The segment that new passages come to. */
  get growing(): Segment {
    return this.#open.get(TABLE)!;
  }

  /** All that are there now, up to date, those that are just being filled included. */
  async all(): Promise<Segment[]> {
    // Before the names: of rows that move, the new place is known when they are gone from the old one.
    const failures = new Map<string, unknown>();
    this.#unopened.clear();
    const refresh = async ([name, segment]: [string, Segment]) =>
      segment.refresh().catch((error: unknown) => failures.set(name, error));
    await Promise.all([...this.#open].map(refresh));
    const names = (await this.#connection.tableNames()).filter((name) => name.startsWith(`${TABLE}-`));
    for (const name of this.#open.keys()) {
      // It is not closed, for who is searching it: that is done when it is collected.
      if (name !== TABLE && !names.includes(name)) this.#forget(name);
      else if (failures.has(name)) throw failures.get(name);
    }
    for (const name of names) {
      if (this.#open.has(name)) continue;
      const table = await this.#connection.openTable(name).catch((error: unknown) => {
        // Just removed, not made yet, or damaged: then the catalog has the rows that are missing.
        if (!isDamage(error, this.#local)) throw error;
      });
      if (this.#open.has(name)) continue;
      if (table === undefined) {
        this.#unopened.add(name);
        continue;
      }
      this.#open.set(name, new Segment(this.#lancedb, table));
      this.generation++;
    }
    return [...this.#open.values()];
  }

  async searchable(): Promise<Segment[]> {
    const segments = await this.all();
    const are = await Promise.all(segments.map((segment) => segment.isSearchable()));
    return segments.filter((_, i) => are[i]);
  }

  /**
   * Does something to all, also to those that another process makes meanwhile by moving rows. It is done again where
   * another process has just removed the version that was to be read, or written what this one was to write.
   */
  async each(work: (segment: Segment) => Promise<void>): Promise<void> {
    let failed = 0;
    for (let known: Segment[] = []; ; ) {
      const segments = await this.all();
      if (segments.length === known.length && segments.every((segment) => known.includes(segment))) return;
      try {
        for (const segment of segments) await work(segment);
        known = segments;
      } catch (error) {
        if (!isOvertaken(error) || ++failed === ATTEMPTS) throw error;
      }
    }
  }

  /** Moves rows where that is due. It may be broken off between two segments, and goes on from there. */
  async balance(signal: OptimizeOptions['signal']): Promise<void> {
    for (const segment of await this.all()) {
      if (segment === this.growing) continue;
      signal?.throwIfAborted();
      if (!(await segment.isSearchable())) await this.#dropAbandoned(segment);
      else if ((await segment.table.countRows()) < this.#rows / 2) await this.#takeBack(segment);
    }
    // In a directory no other process makes tables.
    if (this.#local) for (const name of this.#unopened) await this.#drop(name);
    while ((await this.growing.table.countRows()) >= 2 * this.#rows) {
      signal?.throwIfAborted();
      if (!(await this.#moveOut())) return;
    }
  }

  /** Begins anew, with nothing. */
  async reset(): Promise<void> {
    for (const name of await this.#connection.tableNames()) {
      if (name.startsWith(`${TABLE}-`)) await this.#drop(name);
    }
    this.growing.table.close();
    const table = await replacePassageTable(this.#lancedb, this.#connection);
    this.#open.set(TABLE, new Segment(this.#lancedb, table));
  }

  close(): void {
    for (const { table } of this.#open.values()) table.close();
  }

  /** @returns false if there was nothing that could be moved */
  async #moveOut(): Promise<boolean> {
    const from = this.growing.table;
    const documents = everySecond(await idsByDocument(from), this.#rows);
    const rows = await from.query().where(whereIn('document', documents)).toArrow();
    const name = `${TABLE}-${randomUUID()}`;
    const table = await this.#connection.createEmptyTable(name, PASSAGE_SCHEMA);
    await table.add(rows);
    const segment = new Segment(this.#lancedb, table);
    await segment.build();
    // What another process has changed meanwhile stays where it was changed.
    await Promise.all([from.checkoutLatest(), table.checkoutLatest()]);
    const [here, there] = await Promise.all([idsByDocument(from), idsByDocument(table)]);
    const moved = documents.filter((document) => sameIds(here.get(document), there.get(document)));
    const changed = [...there.keys()].filter((document) => !moved.includes(document));
    if (changed.length > 0) await table.delete(whereIn('document', changed));
    this.#open.set(name, segment);
    this.generation++;
    if (moved.length > 0) await from.delete(whereIn('document', moved));
    return moved.length > 0;
  }

  /** Moves the rows of a segment that has become small back, and removes it. */
  async #takeBack({ table }: Segment): Promise<void> {
    const rows = await table.query().toArrow();
    const to = this.growing.table;
    if (rows.numRows > 0) {
      const documents = [...new Set([...rows.getChild('document')!] as string[])];
      await to.mergeInsert('id').whenNotMatchedInsertAll().execute(rows);
      // What another process has removed meanwhile must not come back.
      await table.checkoutLatest();
      const left = await idsByDocument(table);
      const removed = documents.filter((document) => !left.has(document));
      if (removed.length > 0) await to.delete(whereIn('document', removed));
    }
    await this.#drop(table.name);
  }

  async #dropAbandoned({ table }: Segment): Promise<void> {
    const [first] = await table.listVersions();
    if (first !== undefined && Date.now() - first.timestamp.getTime() > ABANDONED_MS) {
      await this.#drop(table.name);
    }
  }

  #forget(name: string): void {
    this.#open.delete(name);
    this.generation++;
  }

  async #drop(name: string): Promise<void> {
    this.#forget(name);
    await this.#connection.dropTable(name).catch((error: unknown) => {
      if (!isDamage(error, this.#local)) throw error;
    });
  }
}

/** Ids of the rows of each document, in the order in which they are stored. */
async function idsByDocument(table: Table): Promise<Map<string, string[]>> {
  const ids = new Map<string, string[]>();
  for await (const batch of table.query().select(['id', 'document'])) {
    const [id, document] = [batch.getChild('id')!, batch.getChild('document')!];
    for (let i = 0; i < batch.numRows; i++) {
      const known = ids.get(document.get(i));
      if (known === undefined) ids.set(document.get(i), [id.get(i)]);
      else known.push(id.get(i));
    }
  }
  return ids;
}

/** Documents of so many rows; every second, so that words are as frequent in those that stay. */
function everySecond(ids: ReadonlyMap<string, readonly string[]>, rows: number): string[] {
  const chosen: string[] = [];
  let sum = 0;
  for (const [number, [document, { length }]] of [...ids].entries()) {
    if (number % 2 === 1) continue;
    chosen.push(document);
    sum += length;
    if (sum >= rows) break;
  }
  return chosen;
}

function sameIds(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return a.length === b.length && a.toSorted().join('\n') === b.toSorted().join('\n');
}
