/** The catalog's rows about KV blobs: which are stored, and which versions use them. */
import { isBlockragError } from '../errors.ts';
import type { Row, RowData, WriteOperation } from '../storage/ports.ts';
import { type Deletion, DeletionCatalog, notDeleting, SHARDS, stateKey } from './deletions.ts';
import { allRows, deleteRows, deleteUnchanged, mark } from './rows.ts';

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

const usersOf = (key: string) => `blob/${key}`;
const useOf = ({ document, version }: BlobUser) => `used/${document}/${version}`;
export const passagesOf = ({ document, version }: BlobUser): string => `passages/${document}/${version}`;

export class BlobCatalog extends DeletionCatalog {
  /**
   * Records that a version uses blobs, stored or not. From then on nobody deletes them as unused, so that what is
   * found stored afterwards stays so. Nothing is written for uses that are known.
   * @returns the deletions under way that are in the way; some uses are not recorded then
   * @throws BlockragError `conflict` when such a deletion began meanwhile
   */
  async useBlobs(keys: readonly string[], user: BlobUser): Promise<Deletion[]> {
    const distinct = [...new Set(keys)];
    for (let at = 0; at < distinct.length; at += USED_AT_ONCE) {
      const slice = distinct.slice(at, at + USED_AT_ONCE);
      const [deletions, uses] = await Promise.all([
        this.deletionsOf(slice),
        this.table.getMany(slice.map((key) => ({ partition: usersOf(key), sort: useOf(user) }))),
      ]);
      if (deletions.length > 0) return deletions;
      const unknown = slice.filter((_, i) => uses[i] === undefined);
      const usage = (key: string): WriteOperation[] => [
        { put: mark(usersOf(key), useOf(user)) },
        { put: mark(passagesOf(user), `blob/${key}`) },
        notDeleting(key),
      ];
      if (unknown.length > 0) await this.table.write(unknown.flatMap(usage));
    }
    return [];
  }

  /**
   * Records that a blob is stored, for a version whose use is recorded. Call it when the blob is durable.
   * @throws BlockragError `conflict` when the use is not recorded any more, or the blob is being deleted
   */
  async putBlob(key: string, blob: Omit<BlobState, 'used' | 'unused'>, user: BlobUser): Promise<void> {
    await this.table.write([
      { put: { ...stateKey(key), data: { ...blob, used: Date.now() } } },
      { check: { partition: usersOf(key), sort: useOf(user) }, condition: 'present' },
      notDeleting(key),
    ]);
  }

  async usesBlob(key: string, user: BlobUser): Promise<boolean> {
    return (await this.table.get(usersOf(key), useOf(user))) !== undefined;
  }

  /** Up to `limit` versions that use a blob. */
  async usersOfBlob(key: string, limit: number): Promise<BlobUser[]> {
    const { rows } = await this.table.query(usersOf(key), { prefix: 'used/', limit });
    return rows.map(({ sort }) => {
      const [, document = '', version = ''] = sort.split('/');
      return { document, version };
    });
  }

  async hasBlob(key: string): Promise<boolean> {
    return (await this.hasBlobs([key]))[0]!;
  }

  /** Which blobs are stored, in the order asked for. */
  async hasBlobs(keys: readonly string[]): Promise<boolean[]> {
    return (await this.table.getMany(keys.map(stateKey))).map((row) => row !== undefined);
  }

  /** Every stored blob of all tenants in the order of the keys, in pages. */
  async *blobPages(after = ''): AsyncGenerator<StoredBlob[]> {
    for (const shard of SHARDS) {
      if (shard < after.slice(0, 1)) continue;
      let last: string | undefined = after.startsWith(shard) ? after : '';
      while (last !== undefined) {
        const options = { limit: PAGE, ...(last === '' ? {} : { after: last }) };
        const page = await this.table.query(stateKey(shard).partition, options);
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
  async *storedBlobs(): AsyncGenerator<StoredBlob> {
    for await (const page of this.blobPages()) yield* page;
  }

  /** Records that blobs are used now; those that are stored no more stay so. */
  async touchBlobs(keys: readonly string[]): Promise<void> {
    const used = Date.now();
    for (let at = 0; at < keys.length; at += TOUCHED_AT_ONCE) {
      const rows = await this.table.getMany(keys.slice(at, at + TOUCHED_AT_ONCE).map(stateKey));
      const touch = ({ sort, revision, data }: { sort: string; revision: number; data: RowData }) =>
        this.#putState(sort, revision, { ...data, used });
      await Promise.all(rows.map((row) => row && touch(row)));
    }
  }

  /** Notes since when nobody uses a blob; undefined: somebody does. Unless its row was changed meanwhile. */
  async markUnused({ key, revision, ...state }: StoredBlob, since: number | undefined): Promise<void> {
    const { unused, ...used } = state;
    await this.#putState(key, revision, since === undefined ? { ...used } : { ...used, unused: since });
  }

  /**
   * Forgets that a version uses blobs. What it used stays listed until `endUses`, so that a step that was broken off
   * finds it again.
   * @returns what it used, and what of that nobody uses any more: the caller deletes those
   */
  async dropVersion(document: string, version: string): Promise<{ uses: Row[]; unused: string[] }> {
    const user = { document, version };
    const uses = await allRows(this.table, passagesOf(user), 'blob/');
    const unused: string[] = [];
    for (const { sort } of uses) {
      const key = sort.slice('blob/'.length);
      await deleteRows(this.table, [{ partition: usersOf(key), sort: useOf(user) }]);
      if ((await this.usersOfBlob(key, 1)).length === 0) unused.push(key);
    }
    return { uses, unused };
  }

  /** The last step of dropping uses; one that a late writer has recorded again since stays, for the next time. */
  async endUses(uses: readonly Row[]): Promise<void> {
    for (const row of uses) await deleteUnchanged(this.table, row);
  }

  /** Forgets that a version uses one blob. */
  async dropUse(key: string, user: BlobUser): Promise<void> {
    await deleteRows(this.table, [
      { partition: usersOf(key), sort: useOf(user) },
      { partition: passagesOf(user), sort: `blob/${key}` },
    ]);
  }

  async #putState(key: string, revision: number, data: RowData): Promise<void> {
    try {
      await this.table.write([{ put: { ...stateKey(key), data }, condition: { revision } }]);
    } catch (error) {
      // It was dropped, stored or touched meanwhile: no matter.
      if (!isBlockragError(error, 'conflict')) throw error;
    }
  }
}
