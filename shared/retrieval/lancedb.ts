/** The passage index on LanceDB: a directory, or s3://bucket/prefix (credentials from the environment). */
import type { Connection } from '@lancedb/lancedb';
import { BlockragError, toBlockragError } from '../errors.ts';
import { EMBEDDING_DIMENSIONS } from './embedder.ts';
import { fuseRanks } from './fusion.ts';
import { type FoundRow, HIT_COLUMNS, type Ranked, type Segment } from './lancedb-segment.ts';
import { Segments, untilNotOvertaken } from './lancedb-segments.ts';
import {
  isDamage,
  type LanceDb,
  loadLanceDb,
  PASSAGE_SCHEMA,
  toRow,
  whereDocument,
  whereIn,
  whereScope,
} from './lancedb-table.ts';
import type { Hit, IndexedPassage, OptimizeOptions, PassageIndex } from './ports.ts';
import { type Write, WriteQueue } from './write-queue.ts';

/** Passages that are written together at most; more only when one call brings more. */
const MAX_BATCH = 2_000;
/** Candidates of each ranking, words and vectors, that fusion looks at. */
const CANDIDATES = 50;
/** For how long others may go on reading an older version, where they are other processes. An erasure does not wait. */
const KEEP_MS = 600_000;
/** Tries of a search that rows move away from. */
const SEARCH_ATTEMPTS = 5;

type IndexWrite =
  | Write<'add', readonly IndexedPassage[]>
  | Write<'remove', { document: string; version?: string | undefined }>
  | Write<'optimize', OptimizeOptions>
  | Write<'reset', undefined>;

export interface LanceOptions {
  /** How a store in the cloud is reached, as LanceDB names it: region, endpoint, allow_http, ... */
  storageOptions?: Record<string, string>;
  /** Rows of a segment (16,000): upkeep and an erasure cost what one or two of them cost. */
  segmentRows?: number;
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
export async function openLanceIndex(
  uri: string,
  { segmentRows, ...options }: LanceOptions = {},
): Promise<PassageIndex> {
  const local = !uri.includes('://');
  return storage('opened', local, async () => {
    const lancedb = await loadLanceDb();
    // What others have written is looked for once for each call of ours, not for each read.
    const connection = await lancedb.connect(uri, options);
    const segments = await Segments.open(lancedb, connection, local, segmentRows);
    return new LanceIndex(lancedb, connection, segments, local);
  });
}

class LanceIndex implements PassageIndex {
  #lancedb: LanceDb;
  #connection: Connection;
  #segments: Segments;
  /** Whether its files are on a disk here. */
  #local: boolean;
  #closed = false;
  #writes = new WriteQueue<IndexWrite>(
    {
      add: (calls) => this.#merge(calls.flat()),
      remove: (removals) => this.#remove(removals),
      optimize: (calls) => this.#optimize(calls),
      reset: () => this.#segments.reset(),
    },
    MAX_BATCH,
  );

  constructor(lancedb: LanceDb, connection: Connection, segments: Segments, local: boolean) {
    this.#local = local;
    this.#lancedb = lancedb;
    this.#connection = connection;
    this.#segments = segments;
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

  async optimize(options: OptimizeOptions = {}): Promise<void> {
    this.#throwIfClosed();
    await this.#write('optimized', { kind: 'optimize', documents: [], size: 0, value: options });
  }

  async search(query: Parameters<PassageIndex['search']>[0]): Promise<Hit[]> {
    this.#throwIfClosed();
    checkVector(query.vector);
    if (query.limit < 1) return [];
    return storage('searched', this.#local, async () => {
      for (let attempt = 1; ; attempt++) {
        const hits = await this.#search(query, attempt === SEARCH_ATTEMPTS);
        if (hits !== undefined) return hits;
      }
    });
  }

  async counts({ thorough = false } = {}): Promise<Map<string, number>> {
    this.#throwIfClosed();
    return storage('read', this.#local, async () => {
      const segments = await this.#segments.searchable();
      const versions = new Map<string, Set<string>>();
      for (const segment of segments) {
        if (thorough) await segment.tryIndexes();
        await segment.addIds(versions, thorough);
      }
      return new Map([...versions].map(([version, { size }]) => [version, size]));
    });
  }

  async reset(): Promise<void> {
    this.#throwIfClosed();
    await this.#write('begun anew', { kind: 'reset', documents: [], size: 0, value: undefined });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writes.drained();
    this.#segments.close();
    this.#connection.close();
  }

  /** @returns undefined if rows have moved meanwhile, and `last` does not say to take what there is */
  async #search(
    { text, vector, limit, ...scoped }: Parameters<PassageIndex['search']>[0],
    last: boolean,
  ): Promise<Hit[] | undefined> {
    const scope = whereScope(scoped);
    const depth = Math.max(limit, CANDIDATES);
    const { generation } = this.#segments;
    const segments = await this.#segments.searchable();
    // Of the tables as they were opened last: it asks nobody.
    const state = async () => (await Promise.all(segments.map(({ table }) => table.version()))).join();
    const before = await state();
    const [near, matching] = await Promise.all([
      Promise.all(segments.map((segment) => segment.nearest(vector, scope, depth))),
      Promise.all(segments.map((segment) => segment.matching(text, scope, depth))),
    ]);
    const key = ({ segment, rowId }: Ranked) => `${segments.indexOf(segment)} ${rowId}`;
    const rankings = [
      near.flat().sort((a, b) => a.value - b.value),
      // Rows that are not in the word index yet come in any order.
      matching.flat().sort((a, b) => b.value - a.value),
    ].map((ranking) => ranking.slice(0, depth));
    const ranked = new Map(rankings.flat().map((one) => [key(one), one]));
    const fused = fuseRanks(rankings.map((ranking) => ranking.map(key))).slice(0, limit);
    const rows = await this.#read(fused.map(([found]) => ranked.get(found)!));
    const moved = generation !== this.#segments.generation || before !== (await state());
    if ((moved || rows.size < fused.length) && !last) return undefined;
    const distances = new Map(rankings[0]!.map((one) => [key(one), one.value]));
    if (!this.#local) {
      const unknown = fused.flatMap(([found]) => (distances.has(found) ? [] : [ranked.get(found)!]));
      for (const one of await distancesOf(unknown, vector)) distances.set(key(one), one.value);
    }
    const hits = new Map<string, Hit>();
    for (const [found, score] of fused) {
      const row = rows.get(ranked.get(found)!);
      if (row === undefined) continue;
      const { id, document, version } = row;
      const similarity =
        row.vector === undefined ? 1 - (distances.get(found) ?? 2) / 2 : dot(vector, row.vector.toArray());
      // Twice while it is being moved.
      if (!hits.has(id)) hits.set(id, { id, document, version, score, similarity });
    }
    return [...hits.values()];
  }

  /**
   * The rows of what was ranked. On a disk here with their vectors: the index's distances are approximate, and words find
   * rows that have none. In S3 each vector would be a request.
   */
  async #read(ranked: readonly Ranked[]): Promise<Map<Ranked, FoundRow>> {
    const columns = this.#local ? [...HIT_COLUMNS, 'vector'] : HIT_COLUMNS;
    const found = new Map<Ranked, FoundRow>();
    await Promise.all(
      [...bySegment(ranked)].map(async ([segment, some]) => {
        const rows = await segment.read(
          some.map(({ rowId }) => rowId),
          columns,
        );
        for (const one of some) if (rows.has(one.rowId)) found.set(one, rows.get(one.rowId)!);
      }),
    );
    return found;
  }

  async #merge(passages: readonly IndexedPassage[]): Promise<void> {
    // Of two rows with one id, a merge would insert both: the last one counts.
    const rows = [...new Map(passages.map((passage) => [passage.id, toRow(passage)])).values()];
    const documents = [...new Set(passages.map(({ document }) => document))];
    const ids = passages.map(({ id }) => id);
    const { growing } = this.#segments;
    await growing.refresh();
    await growing.table
      .mergeInsert('id')
      .whenMatchedUpdateAll()
      .whenNotMatchedInsertAll()
      .execute(this.#lancedb.makeArrowTable(rows, { schema: PASSAGE_SCHEMA }));
    await this.#segments.each(async (segment) => {
      if (segment === growing || (await segment.rowsOf(documents)) === 0) return;
      await segment.table.delete(whereIn('id', ids));
    });
  }

  async #remove(removals: Parameters<typeof whereDocument>[0][]): Promise<void> {
    const condition = removals.map(whereDocument).join(' OR ');
    const documents = [...new Set(removals.map(({ document }) => document))];
    await this.#segments.each(async (segment) => {
      // A deletion of nothing would be a version more.
      if ((await segment.rowsOf(documents)) > 0) await segment.table.delete(condition);
    });
  }

  async #optimize(calls: readonly OptimizeOptions[]): Promise<void> {
    const ifDue = calls.every((call) => call.ifDue === true);
    const { signal } = calls.length === 1 ? calls[0]! : {};
    const keepMs = ifDue && !this.#local ? KEEP_MS : 0;
    await this.#segments.balance(signal);
    for (const segment of await this.#segments.searchable()) {
      signal?.throwIfAborted();
      await untilNotOvertaken(() => segment.optimize({ ifDue, signal }, keepMs));
    }
  }

  #write(done: string, write: IndexWrite): Promise<void> {
    // Writes fail of more than damage.
    return storage(done, false, () => this.#writes.push(write));
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new BlockragError('shutting_down', 'The search index is closed.');
  }
}

function checkVector(vector: Float32Array): void {
  if (vector.length !== EMBEDDING_DIMENSIONS || !vector.every(Number.isFinite)) {
    throw new BlockragError('invalid_request', `A vector must be ${EMBEDDING_DIMENSIONS} finite numbers.`);
  }
}

function bySegment(ranked: readonly Ranked[]): Map<Segment, Ranked[]> {
  const groups = new Map<Segment, Ranked[]>();
  for (const one of ranked) groups.set(one.segment, [...(groups.get(one.segment) ?? []), one]);
  return groups;
}

/** Distances of rows from a vector, as the vector index has them. */
async function distancesOf(ranked: readonly Ranked[], vector: Float32Array): Promise<Ranked[]> {
  const some = [...bySegment(ranked)].map(([segment, rows]) => {
    const scope = `_rowid IN (${rows.map(({ rowId }) => rowId).join()})`;
    return segment.nearest(vector, scope, rows.length);
  });
  return (await Promise.all(some)).flat();
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && ['AbortError', 'TimeoutError'].includes(error.name);
}

/** Runs LanceDB calls; what they throw becomes an error of ours. */
async function storage<T>(done: string, local: boolean, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof BlockragError || isAbort(cause)) throw cause;
    // The native library's errors have no errno; ENOSPC is 28.
    if (/No space left|os error 28/.test(String(cause))) throw toBlockragError({ code: 'ENOSPC', cause });
    if (!isDamage(cause, local))
      throw new BlockragError('storage_failed', `The search index could not be ${done}.`, { cause });
    const message = `The search index could not be ${done}: its files are damaged. It is filled again from the catalog; "blockrag reindex" does so at once.`;
    throw new BlockragError('storage_failed', message, { cause, data: { damaged: true } });
  }
}
