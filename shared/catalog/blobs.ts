/** The catalog's rows about KV blobs: which are stored, and which versions use them. */
import type { Row, Table, WriteOperation } from '../storage/ports.ts';
import { deleteUnchanged, putUnchanged, tryWrite } from '../storage/table/conflicts.ts';
import { allRows, deleteRows, mark } from '../storage/table/rows.ts';
import { type Deletion, type Deletions, notDeleting, SHARDS, stateKey } from './deletions.ts';
import { passagesOf } from './versions.ts';

/** What is known of a stored blob. */
export interface BlobState {
  tenant: string;
  bytes: number;
  tokens: number;
  /** When it was last stored or read, coarsely; milliseconds since the epoch. */
  used: number;
  /** Since when the sweep has known that no version uses it. */
  unused?: number;
}

/** A row of a stored blob. */
export interface StoredBlob extends BlobState {
  key: string;
  revision: number;
}

/** A document's version that uses a blob. */
export interface BlobUser {
  document: string;
  version: string;
}

/** Blobs whose time of use is written at once. */
const TOUCHED_AT_ONCE = 16;
/** Blobs whose use is recorded in one transaction: three operations each. */
const USED_AT_ONCE = 32;
/** Rows that are looked at together. */
const PAGE = 96;

const usesOf = (key: string) => `blob/${key}`;
const useOf = ({ document, version }: BlobUser) => `used/${document}/${version}`;

export class Blobs {
  #table: Table;
  #deletions: Pick<Deletions, 'of'>;

  constructor(table: Table, deletions: Pick<Deletions, 'of'>) {
    this.#table = table;
    this.#deletions = deletions;
  }

  /**
   * Records that a version uses blobs, stored or not. From then on nobody deletes them as unused, so that what is
   * found stored afterwards stays so. Nothing is written for uses that are known.
   * @returns the deletions under way that are in the way; some uses are not recorded then
   * @throws BlockragError `conflict` when such a deletion began meanwhile
   */
  async use(keys: readonly string[], user: BlobUser): Promise<Deletion[]> {
    const distinct = [...new Set(keys)];
    for (let at = 0; at < distinct.length; at += USED_AT_ONCE) {
      const slice = distinct.slice(at, at + USED_AT_ONCE);
      const [deletions, uses] = await Promise.all([
        this.#deletions.of(slice),
        this.#table.getMany(slice.map((key) => ({ partition: usesOf(key), sort: useOf(user) }))),
      ]);
      if (deletions.length > 0) return deletions;
      const unknown = slice.filter((_, i) => uses[i] === undefined);
      const usage = (key: string): WriteOperation[] => [
        { put: mark(usesOf(key), useOf(user)) },
        { put: mark(passagesOf(user), `blob/${key}`) },
        notDeleting(key),
      ];
      if (unknown.length > 0) await this.#table.write(unknown.flatMap(usage));
    }
    return [];
  }

  /**
   * Records that a blob is stored, for a version whose use is recorded. Call it when the blob is durable.
   * @returns false when the use is not recorded any more, or the blob is being deleted
   */
  put(key: string, blob: Omit<BlobState, 'used' | 'unused'>, user: BlobUser): Promise<boolean> {
    return tryWrite(this.#table, [
      { put: { ...stateKey(key), data: { ...blob, used: Date.now() } } },
      { check: { partition: usesOf(key), sort: useOf(user) }, condition: 'present' },
      notDeleting(key),
    ]);
  }

  async isUsedBy(key: string, user: BlobUser): Promise<boolean> {
    return (await this.#table.get(usesOf(key), useOf(user))) !== undefined;
  }

  /** Up to `limit` versions that use a blob. */
  async usersOf(key: string, limit: number): Promise<BlobUser[]> {
    const { rows } = await this.#table.query(usesOf(key), { prefix: 'used/', limit });
    return rows.map(({ sort }) => {
      const [, document = '', version = ''] = sort.split('/');
      return { document, version };
    });
  }

  async has(key: string): Promise<boolean> {
    return (await this.hasMany([key]))[0]!;
  }

  /** Which blobs are stored, in the order asked for. */
  async hasMany(keys: readonly string[]): Promise<boolean[]> {
    return (await this.#table.getMany(keys.map(stateKey))).map((row) => row !== undefined);
  }

  /** Bytes of blobs in the order asked for, null for one that is not stored. */
  async bytesOf(keys: readonly string[]): Promise<(number | null)[]> {
    const rows = await this.#table.getMany(keys.map(stateKey));
    return rows.map((row) => (row === undefined ? null : (row.data as unknown as BlobState).bytes));
  }

  /** Every stored blob of all tenants in the order of the keys, in pages. */
  async *pages(after = ''): AsyncGenerator<StoredBlob[]> {
    for (const shard of SHARDS) {
      if (shard < after.slice(0, 1)) continue;
      let last: string | undefined = after.startsWith(shard) ? after : '';
      while (last !== undefined) {
        const options = { limit: PAGE, ...(last === '' ? {} : { after: last }) };
        const page = await this.#table.query(stateKey(shard).partition, options);
        if (page.rows.length > 0) {
          yield page.rows.map(({ sort, revision, data }) => {
            return { ...(data as unknown as BlobState), key: sort, revision };
          });
        }
        last = page.next;
      }
    }
  }

  /** The same, one by one. */
  async *every(): AsyncGenerator<StoredBlob> {
    for await (const page of this.pages()) yield* page;
  }

  /**
   * Records when blobs were used; those that are stored no more stay so.
   * @param uses milliseconds since the epoch by blob key
   */
  async touch(uses: ReadonlyMap<string, number>): Promise<void> {
    const keys = [...uses.keys()];
    for (let at = 0; at < keys.length; at += TOUCHED_AT_ONCE) {
      const rows = await this.#table.getMany(keys.slice(at, at + TOUCHED_AT_ONCE).map(stateKey));
      const touch = async (row: Row) => {
        const used = uses.get(row.sort)!;
        // One that was dropped, stored or touched meanwhile stays as it is.
        if (used > (row.data as unknown as BlobState).used)
          await putUnchanged(this.#table, row, { ...row.data, used });
      };
      await Promise.all(rows.map((row) => row && touch(row)));
    }
  }

  /** Notes since when nobody uses a blob; undefined: somebody does. Unless its row was changed meanwhile. */
  async markUnused({ key, revision, ...state }: StoredBlob, since: number | undefined): Promise<void> {
    const { unused, ...used } = state;
    const data = since === undefined ? { ...used } : { ...used, unused: since };
    await putUnchanged(this.#table, { ...stateKey(key), revision }, data);
  }

  /**
   * Forgets that a version uses blobs. What it used stays listed until `endUses`, so that a step that was broken off
   * finds it again.
   * @returns what it used, and what of that nobody uses any more: the caller deletes those
   */
  async dropVersion(document: string, version: string): Promise<{ uses: Row[]; unused: string[] }> {
    const user = { document, version };
    const uses = await allRows(this.#table, passagesOf(user), { prefix: 'blob/' });
    const unused: string[] = [];
    for (const { sort } of uses) {
      const key = sort.slice('blob/'.length);
      await deleteRows(this.#table, [{ partition: usesOf(key), sort: useOf(user) }]);
      if ((await this.usersOf(key, 1)).length === 0) unused.push(key);
    }
    return { uses, unused };
  }

  /** The last step of dropping uses; one that a late writer has recorded again since stays, for the next time. */
  async endUses(uses: readonly Row[]): Promise<void> {
    for (const row of uses) await deleteUnchanged(this.#table, row);
  }

  /** Forgets that a version uses one blob. */
  async dropUse(key: string, user: BlobUser): Promise<void> {
    await deleteRows(this.#table, [
      { partition: usesOf(key), sort: useOf(user) },
      { partition: passagesOf(user), sort: `blob/${key}` },
    ]);
  }
}
