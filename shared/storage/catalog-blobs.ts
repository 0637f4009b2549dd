/** The catalog's rows about KV blobs: which are stored, and which versions use them. */
import { isBlockragError } from '../errors.ts';
import { allRows, deleteRows, mark, rowsOf } from './catalog-rows.ts';
import type { Row, Table, WriteOperation } from './ports.ts';

/** What is known of a stored blob. */
export interface BlobState {
  tenant: string;
  bytes: number;
  tokens: number;
  /** When it was last stored or read, coarsely; milliseconds since the epoch. */
  used: number;
}

/** A document's version that uses a blob. */
export interface BlobUser {
  document: string;
  version: string;
}

const SHARDS = '0123456789abcdef';
/** Blobs whose time of use is written at once. */
const TOUCHED_AT_ONCE = 16;

/** Stored blobs are listed from few partitions: keys are hashes, so their first digit spreads them evenly. */
const statesOf = (key: string) => `kv/${key.slice(0, 1)}`;
const usersOf = (key: string) => `blob/${key}`;
export const passagesOf = ({ document, version }: BlobUser): string => `passages/${document}/${version}`;

export class BlobCatalog {
  /** Where the rows lie: what the catalog has no words for keeps rows of its own there. */
  readonly table: Table;

  constructor(table: Table) {
    this.table = table;
  }

  /** Records that a blob is stored, and that a version uses it. Call it when the blob is durable. */
  async putBlob(key: string, blob: Omit<BlobState, 'used'>, user: BlobUser): Promise<void> {
    const state = { partition: statesOf(key), sort: key, data: { ...blob, used: Date.now() } };
    await this.table.putMany([state, ...usage(key, user)]);
  }

  /** Records that a version uses a blob, stored or not. */
  async useBlob(key: string, user: BlobUser): Promise<void> {
    await this.table.putMany(usage(key, user));
  }

  async hasBlob(key: string): Promise<boolean> {
    return (await this.table.get(statesOf(key), key)) !== undefined;
  }

  /** Every stored blob, of all tenants. */
  async *storedBlobs(): AsyncGenerator<BlobState & { key: string }> {
    for (const shard of SHARDS) {
      for await (const { sort, data } of rowsOf(this.table, statesOf(shard))) {
        yield { key: sort, ...(data as unknown as BlobState) };
      }
    }
  }

  /** Records that blobs are used now; those that are stored no more stay so. */
  async touchBlobs(keys: readonly string[]): Promise<void> {
    const now = Date.now();
    for (let at = 0; at < keys.length; at += TOUCHED_AT_ONCE) {
      const slice = keys.slice(at, at + TOUCHED_AT_ONCE);
      const rows = await this.table.getMany(slice.map((key) => ({ partition: statesOf(key), sort: key })));
      await Promise.all(rows.map((row) => row && this.#touch(row, now)));
    }
  }

  /**
   * Forgets that a version uses blobs.
   * @returns the blobs that nobody uses any more: the caller deletes them, then calls `dropBlob`
   */
  async dropVersion(document: string, version: string): Promise<string[]> {
    const uses = await allRows(this.table, passagesOf({ document, version }), 'blob/');
    const unused: string[] = [];
    for (const { sort } of uses) {
      const key = sort.slice('blob/'.length);
      await deleteRows(this.table, [{ partition: usersOf(key), sort: `used/${document}/${version}` }]);
      const { rows } = await this.table.query(usersOf(key), { prefix: 'used/', limit: 1 });
      if (rows.length === 0) unused.push(key);
    }
    return unused;
  }

  /** Forgets a blob that was deleted from the store; who uses it stays known. */
  async dropBlob(key: string): Promise<void> {
    await deleteRows(this.table, [{ partition: statesOf(key), sort: key }]);
  }

  async #touch({ partition, sort, data, revision }: Row, used: number): Promise<void> {
    const touch: WriteOperation = {
      put: { partition, sort, data: { ...data, used } },
      condition: { revision },
    };
    try {
      await this.table.write([touch]);
    } catch (error) {
      // It was dropped, stored or touched meanwhile: no matter.
      if (!isBlockragError(error, 'conflict')) throw error;
    }
  }
}

function usage(key: string, user: BlobUser) {
  return [mark(usersOf(key), `used/${user.document}/${user.version}`), mark(passagesOf(user), `blob/${key}`)];
}
