/** The LanceDB table of passages: its schema, its rows, its filters. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, Table } from '@lancedb/lancedb';
import { Field, FixedSizeList, Float32, List, Schema, Utf8 } from 'apache-arrow';
import { BlockragError } from '../errors.ts';
import { EMBEDDING_DIMENSIONS } from './embedder.ts';
import type { IndexedPassage, PassageIndex } from './ports.ts';
import { toWords } from './words.ts';

export type LanceDb = typeof import('@lancedb/lancedb');

/** The table that new passages come to; the others are called `passages-` and something. */
export const TABLE = 'passages';
const OPEN_ATTEMPTS = 6;
const OPEN_PAUSE_MS = 50;
/** LanceDB names an index after its column. */
export const WORD_INDEX = 'words_idx';
const VECTOR_INDEX = 'vector_idx';
/**
 * The square of the Euclidean distance: of unit vectors twice what is lacking to the cosine similarity of 1. By `cosine`
 * LanceDB gives either of the two where only some rows are asked for.
 */
export const DISTANCE = 'l2';
/** Up to here comparing with every vector takes some milliseconds; above, a vector index pays. */
const VECTOR_INDEX_ROWS = 5_000;
/**
 * Rows of one graph of the vector index. Many small graphs are built in a tenth of the time of one large (1.7 s instead
 * of 9 s at 20,000 rows); all of them are searched, as quickly, and more of the nearest are found (0.990 of 50).
 */
const GRAPH_ROWS = 2_500;

/**
 * `id` is declared the primary key: without that, two processes that add the same new id at once both insert it.
 * It must have no scalar index, which would bring the duplicates back.
 */
export const PASSAGE_SCHEMA = new Schema([
  new Field('id', new Utf8(), false, new Map([['lance-schema:unenforced-primary-key', 'true']])),
  new Field('tenant', new Utf8(), false),
  new Field('collection', new Utf8(), false),
  new Field('document', new Utf8(), false),
  new Field('version', new Utf8(), false),
  new Field('labels', new List(new Field('item', new Utf8(), true)), false),
  new Field('words', new Utf8(), false),
  new Field('vector', new FixedSizeList(EMBEDDING_DIMENSIONS, new Field('item', new Float32(), true)), false),
]);

/**
 * Loads LanceDB. Its environment is read when the library loads, so it is set before; what the user has set stays.
 */
export async function loadLanceDb(): Promise<LanceDb> {
  process.env.LANCEDB_LOG ??= 'error';
  // On one or two cores LanceDB 0.30 deadlocks while it builds a word index of a few thousand rows: its threads
  // are all taken by writers that wait for one another (lancedb/lancedb#3568). One writer, and threads to spare.
  process.env.LANCE_FTS_NUM_SHARDS ??= '1';
  process.env.LANCE_CPU_THREADS ??= '4';
  return import('@lancedb/lancedb');
}

/**
 * Opens the table, or creates it with its word index. Where several processes create it at once, one of them finds it
 * half made (on S3 it is listed before it can be opened): then it looks again. One that stays damaged is replaced.
 * @throws BlockragError `data_format_unknown`
 */
export async function openPassageTable(
  lancedb: LanceDb,
  connection: Connection,
  local: boolean,
): Promise<Table> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openOrCreate(lancedb, connection);
    } catch (error) {
      if (error instanceof BlockragError) throw error;
      if (attempt === OPEN_ATTEMPTS) {
        if (!isDamage(error, local)) throw error;
        return replacePassageTable(lancedb, connection);
      }
      await sleep(OPEN_PAUSE_MS * attempt * (1 + Math.random()));
    }
  }
}

/** Removes the table, whatever its files are like, and creates an empty one. */
export async function replacePassageTable(lancedb: LanceDb, connection: Connection): Promise<Table> {
  await connection.dropTable(TABLE).catch((error: unknown) => {
    // Nothing is left of it.
    if (!isDamage(error, false)) throw error;
  });
  return openOrCreate(lancedb, connection);
}

/**
 * Whether LanceDB failed of files that are missing, cut short or changed, and not of a store that cannot be reached. It
 * has no codes: these are words of its messages. A reader of an older version meets it too while that is removed.
 * @param local whether the files are on a disk, where little else can fail
 */
export function isDamage(error: unknown, local: boolean): boolean {
  const text = String(error);
  if (local) return !/permission denied|too many open|no space|cannot allocate|read-only/i.test(text);
  return /not found|too small|fill whole buffer|invalid magic|corrupt|out of (?:range|bounds)|panic|LanceError\((?:Schema|Arrow)\)/i.test(
    text,
  );
}

/** Whether a write was overtaken by another one so often that LanceDB gave up. */
export function isConflict(error: unknown): boolean {
  return /retryable commit conflict/i.test(String(error));
}

async function openOrCreate(lancedb: LanceDb, connection: Connection): Promise<Table> {
  const table = (await connection.tableNames()).includes(TABLE)
    ? await connection.openTable(TABLE)
    : await connection.createEmptyTable(TABLE, PASSAGE_SCHEMA, { existOk: true });
  const names = (schema: Schema) => schema.fields.map(({ name }) => name).join();
  if (names(await table.schema()) !== names(PASSAGE_SCHEMA)) {
    throw new BlockragError(
      'data_format_unknown',
      'The search index was written by another version of blockrag: delete its folder, and it is filled again from the catalog.',
    );
  }
  // Another process may be faster: then it is there at the next try.
  if (!(await hasWordIndex(table))) await buildWordIndex(lancedb, table);
  return table;
}

async function hasWordIndex(table: Table): Promise<boolean> {
  return (await table.listIndices()).some(({ name }) => name === WORD_INDEX);
}

/** Builds the word index (BM25) from the rows that are there, in the place of the one there was. */
async function buildWordIndex(lancedb: LanceDb, table: Table): Promise<void> {
  const config = lancedb.Index.fts({
    baseTokenizer: 'simple',
    language: 'English',
    lowercase: true,
    stem: true,
    removeStopWords: true,
    asciiFolding: true,
    withPosition: false,
  });
  await table.createIndex('words', { config, replace: true });
}

/** Builds the vector index (HNSW, 8-bit scalars) in the place of the one there was. */
async function buildVectorIndex(lancedb: LanceDb, table: Table, rows: number): Promise<void> {
  const numPartitions = Math.ceil(rows / GRAPH_ROWS);
  const config = lancedb.Index.hnswSq({ distanceType: DISTANCE, numPartitions, m: 16, efConstruction: 100 });
  await table.createIndex('vector', { config, replace: true });
}

/**
 * Builds all indexes from the rows that are there, in the place of those there were, and removes older versions. The
 * vector index comes last: LanceDB would join its graphs while it removes versions, which takes as long as building it.
 * @param keepMs for how long others may go on reading older versions
 * @throws the signal's reason, between two steps
 */
export async function buildIndexes(
  lancedb: LanceDb,
  table: Table,
  { keepMs = 0, signal }: { keepMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const rows = await table.countRows();
  if ((await table.listIndices()).some(({ name }) => name === VECTOR_INDEX)) {
    await table.dropIndex(VECTOR_INDEX);
  }
  if (rows > 0) {
    // With them a search in a scope reads no rows but those that it finds.
    for (const column of ['tenant', 'collection']) {
      await table.createIndex(column, { config: lancedb.Index.bitmap(), replace: true });
    }
  }
  await buildWordIndex(lancedb, table);
  await table.optimize({ cleanupOlderThan: new Date(Date.now() - keepMs) });
  signal?.throwIfAborted();
  if (rows > VECTOR_INDEX_ROWS) await buildVectorIndex(lancedb, table, rows);
}

/** A passage as a row. The word index reads title and text as one. */
export function toRow(passage: IndexedPassage): Record<string, unknown> {
  const { title, text, ...row } = passage;
  return { ...row, words: toWords(`${title}\n${text}`) };
}

/** An SQL condition for the rows that a query may find. */
export function whereScope({
  tenant,
  collection,
  labels = [],
}: Pick<Parameters<PassageIndex['search']>[0], 'tenant' | 'collection' | 'labels'>): string {
  const groups = labels.map((group) => `array_has_any(labels, make_array(${group.map(quote).join()}))`);
  return [whereEqual({ tenant, collection }), ...groups].join(' AND ');
}

/** An SQL condition for a document's rows, or for those of one version. */
export function whereDocument({
  document,
  version,
}: {
  document: string;
  version?: string | undefined;
}): string {
  return `(${whereEqual(version === undefined ? { document } : { document, version })})`;
}

/** An SQL condition that a column has one of the values. */
export function whereIn(column: string, values: readonly string[]): string {
  return `${column} IN (${values.map(quote).join()})`;
}

/** An SQL condition that every column given has the value given. */
function whereEqual(columns: Record<string, string>): string {
  return Object.entries(columns)
    .map(([column, value]) => `${column} = ${quote(value)}`)
    .join(' AND ');
}

function quote(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** What the indexes and files are like. */
export interface TableState {
  rows: number;
  /** Rows that have come since the indexes were built: all, where those are of another kind than ours. */
  unindexed: number;
  files: number;
  /** All rows are in one file, which holds no deleted ones. */
  compact: boolean;
  /** Versions that there are when nothing was written since the indexes were built. */
  ownVersions: number;
}

export async function stateOf(table: Table): Promise<TableState> {
  const { numRows: rows, fragmentStats } = await table.stats();
  const { numFragments: files, lengths } = fragmentStats;
  const [words, vectors] = [await table.indexStats(WORD_INDEX), await table.indexStats(VECTOR_INDEX)];
  const outdated = vectors === undefined ? rows > VECTOR_INDEX_ROWS : vectors.distanceType !== DISTANCE;
  const unindexed = outdated ? rows : (words?.numUnindexedRows ?? rows);
  const ownVersions = vectors === undefined ? 1 : 2;
  // Of several files only the rounded mean of their rows is known, and a file whose rows are all deleted is not counted.
  return { rows, unindexed, files, compact: files === 1 && lengths.max === rows, ownVersions };
}

/** Assigns every row's id to itself: an update that changes nothing, and so copies the rows. */
export const SAME_ROW: { where: string; valuesSql: Record<string, string> } = {
  where: 'true',
  valuesSql: { id: 'id' },
};
