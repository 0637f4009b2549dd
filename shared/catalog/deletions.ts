/**
 * The catalog's rows about blobs that are being deleted. Many workers use and delete the same blobs, without a lock:
 *
 * - A worker that needs a blob first records its use, in a transaction that fails while a deletion is under way. Only
 *   then does it check whether the blob is stored, and stores it if not.
 * - A worker that deletes a blob first writes a deletion, and only then checks who uses the blob. If anyone does, it
 *   abandons the deletion.
 *
 * So at least one of two competing workers sees the other. Nothing here relies on revisions, because a row that was
 * deleted and written again starts with the same revisions.
 */
import type { Row, Table, WriteOperation } from '../storage/ports.ts';
import { deleteUnchanged, ifUnchanged, tryWrite } from '../storage/table/conflicts.ts';
import { rowsOf } from '../storage/table/rows.ts';

/** A deletion under way. */
export interface Deletion {
  key: string;
  tenant: string;
  /** When its deleter began; milliseconds since the epoch. */
  since: number;
  /** Whether it is done although the blob is used: to make room. */
  evicts: boolean;
  revision: number;
}

/** Rows that are listed whole lie in few partitions: keys are hashes, so their first digit spreads them evenly. */
export const SHARDS = '0123456789abcdef';

export const stateKey = (key: string) => ({ partition: `kv/${key.slice(0, 1)}`, sort: key });
const deletionKey = (key: string) => ({ partition: `deleting/${key.slice(0, 1)}`, sort: key });

/** A condition of a write: the blob is not being deleted. */
export function notDeleting(key: string): WriteOperation {
  return { check: deletionKey(key), condition: 'absent' };
}

export class Deletions {
  #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Begins to delete a blob; undefined while another does. */
  async begin(deletion: Omit<Deletion, 'revision'>): Promise<Deletion | undefined> {
    return this.#write({ ...deletion, revision: 0 });
  }

  /** Takes a deletion over whose deleter has died; undefined when it is over, or another was faster. */
  async takeOver(deletion: Deletion, since: number): Promise<Deletion | undefined> {
    return this.#write({ ...deletion, since });
  }

  /** Leaves a blob as it is. */
  async abandon({ key, revision }: Deletion): Promise<void> {
    await deleteUnchanged(this.#table, { ...deletionKey(key), revision });
  }

  /** Forgets a blob that was deleted from the store; who uses it stays known. */
  async end(deletion: Deletion): Promise<void> {
    const { key } = deletion;
    // One that was taken over is ended by the other.
    await tryWrite(this.#table, [
      { delete: stateKey(key) },
      { delete: deletionKey(key), condition: ifUnchanged(deletion) },
    ]);
  }

  /** The deletions of some blobs that are under way. */
  async of(keys: readonly string[]): Promise<Deletion[]> {
    const rows = await this.#table.getMany(keys.map(deletionKey));
    return rows.flatMap((row) => (row === undefined ? [] : toDeletion(row)));
  }

  /** Every deletion under way, of all tenants. */
  async *every(): AsyncGenerator<Deletion> {
    for (const shard of SHARDS) {
      for await (const row of rowsOf(this.#table, deletionKey(shard).partition)) yield toDeletion(row);
    }
  }

  async #write({ key, revision, ...data }: Deletion): Promise<Deletion | undefined> {
    const put = { ...deletionKey(key), data };
    const condition = ifUnchanged(revision === 0 ? undefined : { revision });
    const written = await tryWrite(this.#table, [{ put, condition }]);
    return written ? { key, ...data, revision: revision + 1 } : undefined;
  }
}

function toDeletion({ sort, revision, data }: Row): Deletion {
  return { ...(data as unknown as Omit<Deletion, 'key' | 'revision'>), key: sort, revision };
}
