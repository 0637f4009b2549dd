/** The embedded database: one LMDB environment in the data directory, with a named database for each use. */
import { mkdir, statfs } from 'node:fs/promises';
import { type Database, open, type RootDatabase } from 'lmdb';
import { BlockragError } from '../../errors.ts';
import { storageFailure } from '../failure.ts';
import { refuseDamage } from './check.ts';

/** The longest key of LMDB with 4 KiB pages. */
export const MAX_KEY_BYTES = 1978;

const EIO = 5;
const NO_ROOM_BYTES = 1 << 20;

// lmdb's ordered array keys do not escape \0 in texts of 64 characters and more: the keys are our own bytes.
// Records (not among its types) would store each object's shape beside its values: no gain here.
const ENCODING = { keyEncoding: 'binary' as const, useRecords: false };

/** A named database: binary keys in byte order, values as msgpack. */
export type NamedDatabase<V> = Database<V, Uint8Array>;

/** An open LMDB environment. The caller that opened it closes it, after everything that uses it. */
export class Environment {
  readonly directory: string;
  #root: RootDatabase;
  #databases = new Map<string, NamedDatabase<unknown>>();
  #closed = false;

  constructor(directory: string, root: RootDatabase) {
    this.directory = directory;
    this.#root = root;
  }

  /** The database of that name, created if need be. */
  database<V>(name: string): NamedDatabase<V> {
    const database = this.#databases.get(name) ?? this.#openDatabase(name);
    this.#databases.set(name, database);
    return database as NamedDatabase<V>;
  }

  /**
   * Runs reads over one snapshot.
   * @throws BlockragError `shutting_down` once the environment is closed, `storage_failed`
   */
  read<T>(work: () => T): T {
    this.#refuseIfClosed();
    try {
      return work();
    } catch (error) {
      throw storageFailure(error, 'read the database');
    }
  }

  /** Makes the next read see what other processes have written up to now. */
  refresh(): void {
    this.#refuseIfClosed();
    this.#root.resetReadTxn();
  }

  /** The oldest transaction whose state a reader of any process looks at; infinite when none reads. */
  oldestReader(): number {
    this.#refuseIfClosed();
    // A line for each reader: process, thread, and its transaction or "-".
    const states = this.#root.readerList().matchAll(/^\s*\d+\s+[0-9a-f]+\s+(\d+)$/gm);
    return Math.min(...[...states].map(([, transaction]) => Number(transaction)));
  }

  /**
   * Runs reads and putSync/removeSync in one transaction: all of it, or nothing if `work` throws. Durable
   * when it resolves. Transactions that wait at the same time share one flush to disk.
   * @throws BlockragError what `work` throws, `shutting_down`, `storage_full`, `storage_failed`
   */
  async write<T>(work: () => T): Promise<T> {
    this.#refuseIfClosed();
    try {
      // A child transaction is undone when its callback throws; a plain one would keep half of the work.
      return await this.#root.childTransaction(work);
    } catch (error) {
      throw storageFailure(await this.#causeOf(error), 'write to the database');
    }
  }

  /**
   * Copies a snapshot of all databases into a directory, which must be there; reads and writes go on meanwhile.
   * @throws BlockragError `storage_full`, `storage_failed`
   */
  async copyTo(directory: string): Promise<void> {
    this.#refuseIfClosed();
    try {
      await this.#root.backup(directory, false);
    } catch (error) {
      throw storageFailure(error, `copy the database into ${directory}`);
    }
  }

  /** Removes all that is in the database of that name. */
  async clear(name: string): Promise<void> {
    const database = this.database(name);
    await this.write(() => void database.clearSync());
  }

  /** Waits for the writes under way, then closes every database of it. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#root.close();
  }

  #openDatabase(name: string): NamedDatabase<unknown> {
    this.#refuseIfClosed();
    try {
      return this.#root.openDB(name, ENCODING);
    } catch (error) {
      throw storageFailure(error, `open the database ${name}`);
    }
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw new BlockragError('shutting_down', 'The database is closed.');
  }

  /** What a failed commit failed of; lmdb gives it in a second promise. */
  async #causeOf(error: unknown): Promise<unknown> {
    const { commitError } = Object(error) as { commitError?: Promise<never> };
    if (commitError === undefined) return error;
    const cause: unknown = await commitError.catch((reason: unknown) => reason);
    // On a full disk LMDB's last write is cut short, which it calls an I/O error.
    const unclear = Object(cause).code === EIO;
    return unclear && (await this.#isFull()) ? { code: 'ENOSPC', cause } : cause;
  }

  #isFull(): Promise<boolean> {
    return statfs(this.directory).then(
      ({ bavail, bsize }) => bavail * bsize < NO_ROOM_BYTES,
      () => false,
    );
  }
}

export interface OpenEnvironmentOptions {
  /** Whether a process that has it open, and lives, has checked its pages. */
  checked?: boolean;
}

/**
 * Opens the environment in a directory, which is created if need be. Other processes may have it open too.
 * @throws BlockragError `storage_full`, `storage_failed`, also for a damaged database
 */
export async function openEnvironment(
  directory: string,
  { checked = false }: OpenEnvironmentOptions = {},
): Promise<Environment> {
  try {
    await mkdir(directory, { recursive: true });
    if (!checked) await refuseDamage(directory);
    const root = open({
      path: directory,
      noSubdir: false,
      // A commit's promise then resolves after the fsync. With the default, `await db.flushed` after it would
      // do so too, but for ever when a later commit fails, and so would close().
      overlappingSync: false,
      // With it, a failed commit also rejects a promise that nobody holds, which ends the process.
      eventTurnBatching: false,
    });
    return new Environment(directory, root);
  } catch (error) {
    throw storageFailure(error, `open the database in ${directory}`);
  }
}
