/**
 * One table of the index: a part of the passages, with indexes of its own, which is small enough to be made anew in
 * seconds.
 */
import type { Table } from '@lancedb/lancedb';
import { EMBEDDING_DIMENSIONS } from './embedder.ts';
import {
  buildIndexes,
  DISTANCE,
  type LanceDb,
  SAME_ROW,
  stateOf,
  type TableState,
  WORD_INDEX,
  whereIn,
  whereScope,
} from './lancedb-table.ts';
import type { OptimizeOptions } from './ports.ts';
import { toWords } from './words.ts';

/** What tells which passage a row is. */
export const HIT_COLUMNS = ['id', 'document', 'version'];
/** Found in no text: of letters that no language joins. */
const ABSENT_WORD = 'xqzjvkwqxzjq';

/** A row as a ranking has it: where it is, and the distance (vectors) or the score (words). */
export interface Ranked {
  segment: Segment;
  rowId: bigint;
  value: number;
}

/** What is read of a row that was found. */
export interface FoundRow {
  id: string;
  document: string;
  version: string;
  vector?: { toArray(): Float32Array };
}

export class Segment {
  readonly table: Table;
  #lancedb: LanceDb;
  /** The table's version whose indexes hold its rows and no others, and beside which no other is left. */
  #fresh: number | undefined;
  #searchable = false;

  constructor(lancedb: LanceDb, table: Table) {
    this.#lancedb = lancedb;
    this.table = table;
  }

  /** Looks whether others have written: only then is it seen. */
  refresh(): Promise<void> {
    return this.table.checkoutLatest();
  }

  /** False while it is being filled: its word index is made last. */
  async isSearchable(): Promise<boolean> {
    this.#searchable ||= (await this.table.listIndices()).some(({ name }) => name === WORD_INDEX);
    return this.#searchable;
  }

  /** The nearest rows; the value is their distance, from the vector index's 8-bit vectors where it has them. */
  async nearest(vector: Float32Array, scope: string, limit: number): Promise<Ranked[]> {
    const query = this.table.query().nearestTo(vector).distanceType(DISTANCE).where(scope);
    const rows: { _rowid: bigint | number; _distance: number }[] = await query
      .select(['_distance'])
      .withRowId()
      .limit(limit)
      .toArray();
    return rows.map(({ _rowid, _distance: value }) => ({ segment: this, rowId: BigInt(_rowid), value }));
  }

  /** The rows that have most of the words; the value is their score (BM25). */
  async matching(text: string, scope: string, limit: number): Promise<Ranked[]> {
    // A match query takes its text as words only: no operators, no fields, no wildcards. It fails if the tokenizer
    // leaves none of them (stop words, punctuation), so one word more is asked for, which no passage has.
    const rows: { _rowid: bigint | number; _score: number }[] = await this.table
      .query()
      .fullTextSearch(new this.#lancedb.MatchQuery(`${toWords(text)} ${ABSENT_WORD}`, 'words'))
      .where(scope)
      .select(['_score'])
      .withRowId()
      .limit(limit)
      .toArray();
    return rows.map(({ _rowid, _score: value }) => ({ segment: this, rowId: BigInt(_rowid), value }));
  }

  /** Reads rows in one read. What was removed since it was ranked, or moved, is not there. */
  async read(rowIds: readonly bigint[], columns: readonly string[]): Promise<Map<bigint, FoundRow>> {
    const rows: (FoundRow & { _rowid: bigint | number })[] = await this.table
      .takeRowIds(rowIds)
      .select([...columns])
      .withRowId()
      .toArray();
    return new Map(rows.map((row) => [BigInt(row._rowid), row]));
  }

  /** How many rows documents have. */
  rowsOf(documents: readonly string[]): Promise<number> {
    return this.table.countRows(whereIn('document', documents));
  }

  /** Reads from each index, to see that it can be read. */
  async tryIndexes(): Promise<void> {
    await this.matching('', whereScope({ tenant: '', collection: '' }), 1);
    await this.nearest(new Float32Array(EMBEDDING_DIMENSIONS).fill(1), 'true', 1);
  }

  /** Puts the ids of its rows into the sets of their versions. @param whole reads every column, to see that it can be read */
  async addIds(versions: Map<string, Set<string>>, whole: boolean): Promise<void> {
    const rows = whole ? this.table.query() : this.table.query().select(HIT_COLUMNS);
    for await (const batch of rows) {
      const [ids, documents, names] = HIT_COLUMNS.map((column) => batch.getChild(column)!);
      for (let i = 0; i < batch.numRows; i++) {
        const version = `${documents!.get(i)}/${names!.get(i)}`;
        if (!versions.has(version)) versions.set(version, new Set());
        versions.get(version)!.add(ids!.get(i));
      }
    }
  }

  /**
   * Copies the rows where some may be deleted, makes the indexes anew, and removes older versions.
   *
   * LanceDB's own optimize() drops deleted rows from a file only when they are a tenth of it, and its merging of
   * word indexes panics after deletions (lance-format/lance#8310).
   */
  async optimize({ ifDue = false, signal }: OptimizeOptions, keepMs: number): Promise<void> {
    await this.refresh();
    if ((await this.table.version()) === this.#fresh) return;
    const state = await stateOf(this.table);
    if (ifDue && !isDue(state)) return;
    const { rows, unindexed, compact, ownVersions } = state;
    // Nothing was written since another process did this: it has left no older version.
    const done = compact && unindexed === 0 && (await this.table.listVersions()).length <= ownVersions;
    if (!done) {
      if (rows > 0 && !compact) await this.table.update(SAME_ROW);
      await buildIndexes(this.#lancedb, this.table, { keepMs, signal });
    }
    // An erasure still has to remove the versions that were kept.
    if (done || keepMs === 0) this.#fresh = await this.table.version();
  }

  /** Makes the indexes of a new table, which is searched from then on. */
  async build(): Promise<void> {
    await buildIndexes(this.#lancedb, this.table);
    this.#fresh = await this.table.version();
  }
}

/** Rows that no index has are searched one by one, and each search and merge reads every file. */
function isDue({ rows, unindexed, files }: TableState): boolean {
  return unindexed * 10 > rows || files > 32 + rows / 1_000;
}
