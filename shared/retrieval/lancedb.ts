/** The passage index on LanceDB: a directory, or s3://bucket/prefix (credentials from the environment). */
import type { Connection, Table } from '@lancedb/lancedb';
import { BlockragError, toBlockragError } from '../errors.ts';
import { EMBEDDING_DIMENSIONS } from './embedder.ts';
import { fuseRanks } from './fusion.ts';
import {
  buildVectorIndex,
  buildWordIndex,
  countVersions,
  isDamage,
  type LanceDb,
  loadLanceDb,
  openPassageTable,
  PASSAGE_SCHEMA,
  replacePassageTable,
  SAME_ROW,
  stateOf,
  type TableState,
  toRow,
  whereDocument,
  whereScope,
} from './lancedb-table.ts';
import type { Hit, IndexedPassage, PassageIndex } from './ports.ts';
import { toWords } from './words.ts';
import { type Write, WriteQueue } from './write-queue.ts';

/** Passages that are written together at most; more only when one call brings more. */
const MAX_BATCH = 2_000;
/** Up to here comparing with every vector takes some milliseconds; above, a vector index pays. */
const VECTOR_INDEX_ROWS = 5_000;
/** Candidates of each ranking, words and vectors, that fusion looks at. */
const CANDIDATES = 50;
/** Found in no text: of letters that no language joins. */
const ABSENT_WORD = 'xqzjvkwqxzjq';

type IndexWrite =
  | Write<'add', readonly IndexedPassage[]>
  | Write<'remove', { document: string; version?: string | undefined }>
  | Write<'optimize', { ifDue: boolean }>
  | Write<'reset', undefined>;

/** What a query reads of a row. */
interface FoundRow {
  id: string;
  document: string;
  version: string;
  vector: { toArray(): Float32Array };
}

export interface LanceOptions {
  /** How a store in the cloud is reached, as LanceDB names it: region, endpoint, allow_http, ... */
  storageOptions?: Record<string, string>;
}

/**
 * Opens a passage index, or creates it, also in the place of one that is damaged: who compares it with the catalog sees
 * that it is empty (pipeline/reindex). Several processes may use one at the same time.
 *
 * Its calls throw BlockragError `invalid_request` (a vector that is not of 384 finite numbers), `storage_failed`,
 * `storage_full`, and `shutting_down` after close().
 *
 * @throws BlockragError `storage_failed`, `data_format_unknown`
 * @param uri a directory, or s3://BUCKET/PREFIX
 * @example const index = await openLanceIndex('/var/lib/blockrag/retrieval')
 */
export async function openLanceIndex(uri: string, options: LanceOptions = {}): Promise<PassageIndex> {
  const local = !uri.includes('://');
  return storage('opened', local, async () => {
    const lancedb = await loadLanceDb();
    // 0: every read looks whether another process has written.
    const connection = await lancedb.connect(uri, { readConsistencyInterval: 0, ...options });
    return new LanceIndex(lancedb, connection, await openPassageTable(lancedb, connection, local), local);
  });
}

class LanceIndex implements PassageIndex {
  #lancedb: LanceDb;
  #connection: Connection;
  #table: Table;
  /** Whether its files are on a disk here. */
  #local: boolean;
  #closed = false;
  /** The table's version that the last optimize() left. */
  #optimized: number | undefined;
  #writes = new WriteQueue<IndexWrite>(
    {
      add: (calls) => this.#merge(calls.flat()),
      remove: async (removals) => {
        await this.#table.delete(removals.map(whereDocument).join(' OR '));
      },
      optimize: (calls) => this.#rebuild(calls.every(({ ifDue }) => ifDue)),
      reset: async () => {
        this.#table.close();
        this.#table = await replacePassageTable(this.#lancedb, this.#connection);
        this.#optimized = undefined;
      },
    },
    MAX_BATCH,
  );

  constructor(lancedb: LanceDb, connection: Connection, table: Table, local: boolean) {
    this.#local = local;
    this.#lancedb = lancedb;
    this.#connection = connection;
    this.#table = table;
  }

  async add(passages: readonly IndexedPassage[]): Promise<void> {
    this.#throwIfClosed();
    for (const { vector } of passages) checkVector(vector);
    if (passages.length === 0) return;
    const documents = [...new Set(passages.map(({ document }) => document))];
    await this.#write('written', { kind: 'add', documents, size: passages.length, value: passages });
  }

  async remove(document: string, version?: string): Promise<void> {
    this.#throwIfClosed();
    const value = { document, version };
    await this.#write('written', { kind: 'remove', documents: [document], size: 1, value });
  }

  async optimize({ ifDue = false }: { ifDue?: boolean } = {}): Promise<void> {
    this.#throwIfClosed();
    await this.#write('optimized', { kind: 'optimize', documents: [], size: 0, value: { ifDue } });
  }

  async search(query: Parameters<PassageIndex['search']>[0]): Promise<Hit[]> {
    this.#throwIfClosed();
    const { text, vector, limit } = query;
    checkVector(vector);
    if (limit < 1) return [];
    const scope = whereScope(query);
    const depth = Math.max(limit, CANDIDATES);
    return storage('searched', this.#local, async () => {
      const rankings = await Promise.all([
        this.#byVector(vector, scope, depth),
        this.#byWords(text, scope, depth),
      ]);
      const rows = new Map(rankings.flat().map((row) => [row.id, row]));
      const fused = fuseRanks(rankings.map((ranking) => ranking.map(({ id }) => id)));
      return fused.slice(0, limit).map(([id, score]) => {
        const row = rows.get(id)!;
        // From the stored vector: words find rows without a distance, and the vector index's are approximate.
        const similarity = dot(vector, row.vector.toArray());
        return { id, document: row.document, version: row.version, score, similarity };
      });
    });
  }

  async counts({ thorough = false } = {}): Promise<Map<string, number>> {
    this.#throwIfClosed();
    return storage('read', this.#local, async () => {
      if (thorough) await this.#byWords('', 'true', 1);
      return countVersions(this.#table, thorough);
    });
  }

  async reset(): Promise<void> {
    this.#throwIfClosed();
    await this.#write('begun anew', { kind: 'reset', documents: [], size: 0, value: undefined });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writes.drained();
    this.#table.close();
    this.#connection.close();
  }

  async #byVector(vector: Float32Array, scope: string, limit: number): Promise<FoundRow[]> {
    return this.#table
      .query()
      .nearestTo(vector)
      .distanceType('cosine')
      .where(scope)
      .select(['id', 'document', 'version', 'vector', '_distance'])
      .limit(limit)
      .toArray();
  }

  async #byWords(text: string, scope: string, limit: number): Promise<FoundRow[]> {
    // A match query takes its text as words only: no operators, no fields, no wildcards. It fails if the tokenizer
    // leaves none of them (stop words, punctuation), so one word more is asked for, which no passage has.
    const rows: (FoundRow & { _score: number })[] = await this.#table
      .query()
      .fullTextSearch(new this.#lancedb.MatchQuery(`${toWords(text)} ${ABSENT_WORD}`, 'words'))
      .where(scope)
      .select(['id', 'document', 'version', 'vector', '_score'])
      .limit(limit)
      .toArray();
    // Rows that are not in the word index yet come in any order.
    return rows.sort((a, b) => b._score - a._score);
  }

  async #merge(passages: readonly IndexedPassage[]): Promise<void> {
    // Of two rows with one id, a merge would insert both: the last one counts.
    const rows = [...new Map(passages.map((passage) => [passage.id, toRow(passage)])).values()];
    await this.#table
      .mergeInsert('id')
      .whenMatchedUpdateAll()
      .whenNotMatchedInsertAll()
      .execute(this.#lancedb.makeArrowTable(rows, { schema: PASSAGE_SCHEMA }));
  }

  /**
   * LanceDB's own optimize() drops deleted rows from a file only when they are a tenth of it, and its merging of
   * word indexes panics after deletions (lance-format/lance#8310). So rows are copied when some may be deleted,
   * the indexes built anew, and then every older file is removed.
   */
  async #rebuild(ifDue: boolean): Promise<void> {
    const version = await this.#table.version();
    if (version === this.#optimized) return;
    const state = await stateOf(this.#table);
    if (ifDue && !isDue(state)) return;
    const { rows, unindexed, compact } = state;
    // Nothing was written since another process did this: it has left no older version.
    if (compact && unindexed === 0 && (await this.#table.listVersions()).length === 1) {
      this.#optimized = version;
      return;
    }
    if (rows > 0 && !compact) await this.#table.update(SAME_ROW);
    await buildWordIndex(this.#lancedb, this.#table);
    if (rows > VECTOR_INDEX_ROWS) await buildVectorIndex(this.#lancedb, this.#table);
    await this.#table.optimize({ cleanupOlderThan: new Date() });
    this.#optimized = await this.#table.version();
  }

  #write(done: string, write: IndexWrite): Promise<void> {
    // Writes fail of more than damage.
    return storage(done, false, () => this.#writes.push(write));
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new BlockragError('shutting_down', 'The search index is closed.');
  }
}

/** Rows that no index has are searched one by one, and each search and merge reads every file. */
function isDue({ rows, unindexed, files }: TableState): boolean {
  return unindexed * 10 > rows || files > 32 + rows / 1_000;
}

function checkVector(vector: Float32Array): void {
  if (vector.length !== EMBEDDING_DIMENSIONS || !vector.every(Number.isFinite)) {
    throw new BlockragError('invalid_request', `A vector must be ${EMBEDDING_DIMENSIONS} finite numbers.`);
  }
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Runs LanceDB calls; what they throw becomes an error of ours. */
async function storage<T>(done: string, local: boolean, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof BlockragError) throw cause;
    // The native library's errors have no errno; ENOSPC is 28.
    if (/No space left|os error 28/.test(String(cause))) throw toBlockragError({ code: 'ENOSPC', cause });
    if (!isDamage(cause, local))
      throw new BlockragError('storage_failed', `The search index could not be ${done}.`, { cause });
    const message = `The search index could not be ${done}: its files are damaged. It is filled again from the catalog; "blockrag reindex" does so at once.`;
    throw new BlockragError('storage_failed', message, { cause, data: { damaged: true } });
  }
}
