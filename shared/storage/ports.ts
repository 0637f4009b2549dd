/**
 * The storage ports. A driver implements one of them in one file (blobs/fs.ts, table/dynamodb.ts, doorbell/sqs.ts)
 * and passes that port's contract suite in contracts/.
 */

/** What a listing tells of one blob. */
export interface BlobEntry {
  key: string;
  bytes: number;
  /** Milliseconds since the epoch. */
  modified: number;
}

/**
 * Immutable objects by key. Keys are relative paths of [A-Za-z0-9._-] segments joined by
 * "/"; anything else is refused, so a key never escapes the store.
 */
export interface BlobStore {
  /**
   * Stores an object; durable when it resolves. An existing key is left untouched and answered with false,
   * unless `replace` is set (to heal a damaged object); exactly one of several racing writers gets true.
   */
  put(key: string, bytes: Uint8Array, options?: { replace?: boolean }): Promise<boolean>;
  /** The whole object in an ArrayBuffer of its own (fit for transfer to a thread), or undefined. */
  get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  has(key: string): Promise<boolean>;
  /** Deletes an object; false when there was none. */
  delete(key: string): Promise<boolean>;
  /** Every object under a prefix (a whole-segment path, or '' for all), in the order of the keys. */
  list(prefix: string): AsyncIterable<BlobEntry>;
  close(): Promise<void>;
}

/** A value of a row: what both msgpack and DynamoDB can hold. */
export type Value = string | number | boolean | null | Uint8Array | Value[] | { [key: string]: Value };
export type RowData = { [key: string]: Value };

/** A row of the catalog's one table. Rows of one partition are ordered by sort key (UTF-8 bytes). */
export interface Row {
  partition: string;
  sort: string;
  /** 1 when created, one more at each write: the handle of optimistic concurrency. */
  revision: number;
  data: RowData;
}

/** What must hold of a row for a write to happen: it is there, it is not, or it has this revision. */
export type Condition = 'absent' | 'present' | { revision: number };

export type WriteOperation =
  | { put: { partition: string; sort: string; data: RowData }; condition?: Condition }
  | { delete: { partition: string; sort: string }; condition?: Condition }
  | { check: { partition: string; sort: string }; condition: Condition };

/** The catalog's rows. Every promise of a write resolves only when the write is durable. */
export interface Table {
  get(partition: string, sort: string): Promise<Row | undefined>;
  /** Rows in the order asked for, undefined where there is none. */
  getMany(keys: readonly { partition: string; sort: string }[]): Promise<(Row | undefined)[]>;
  /** Rows of a partition whose sort key starts with `prefix`, ascending, after the sort key `after`. */
  query(
    partition: string,
    options?: { prefix?: string; after?: string; limit?: number },
  ): Promise<{ rows: Row[]; next: string | undefined }>;
  /**
   * Writes up to 100 operations on distinct rows, all or none.
   * @throws BlockragError `conflict` when a condition does not hold (data.index: the first such operation).
   */
  write(operations: readonly WriteOperation[]): Promise<void>;
  /** Puts any number of rows without conditions; not atomic, safe to repeat. */
  putMany(rows: readonly { partition: string; sort: string; data: RowData }[]): Promise<void>;
  /**
   * Overwrites what deleted rows have left on the disk, where the store would keep it for a while.
   * @returns false when some is still needed, by the reader of an older state: call it again later
   */
  scrub(): Promise<boolean>;
  close(): Promise<void>;
}

/** One piece of work in hand. */
export interface Lease {
  id: string;
  body: RowData;
  /** 1 at the first delivery. */
  attempt: number;
  /** The delivery before was not ended in any way: its process may have died of this item. */
  ranOut: boolean;
  /** What names this delivery; stale once the lease has run out. */
  receipt: string;
}

/** A piece of work to be done. */
export interface QueuedItem {
  id: string;
  body: RowData;
  /** Whose turn it waits for, such as a tenant's: 1 to 100 of A-Z, a-z, 0-9, ".", "_" and "-". */
  group?: string | undefined;
}

/**
 * Durable work: each item is delivered at least once, until it is done or has failed too often; a leased item comes
 * back when its lease runs out. Of one group the oldest is delivered first, and groups take turns, so that none waits
 * for all that another has. An item without a group comes after what was waiting when it was sent.
 */
export interface WorkQueue {
  /** Adds items, durable when it resolves. An id that is already waiting or in hand is not added again. */
  send(items: readonly QueuedItem[]): Promise<void>;
  /** Takes up to `max` items, waiting up to waitMs for the first. An abort resolves with none. */
  receive(options: { max: number; leaseMs: number; waitMs: number; signal?: AbortSignal }): Promise<Lease[]>;
  /** Prolongs a lease; false if it has run out meanwhile. */
  extend(receipt: string, leaseMs: number): Promise<boolean>;
  /** Removes a finished item; false if the lease has run out meanwhile. */
  done(receipt: string): Promise<boolean>;
  /** Gives an item back, to be delivered again after delayMs; after the last attempt it becomes dead. */
  retry(receipt: string, options: { delayMs: number; error: string }): Promise<boolean>;
  /** Gives an item back untouched: the delivery does not count as an attempt. */
  release(receipt: string): Promise<boolean>;
  /** Removes a dead item; false when there is no dead item with this id. */
  discard(id: string): Promise<boolean>;
  /** waiting: deliverable now or later; leased: in hand; dead: failed too often. */
  counts(): Promise<{ waiting: number; leased: number; dead: number }>;
  /** Items that wait or are in hand, counted no further than `most`: of a long queue only a part is read. */
  backlog(most: number): Promise<number>;
  /** The items that failed too often, with the last error. */
  dead(): Promise<{ id: string; body: RowData; error: string }[]>;
  close(): Promise<void>;
}

/** What a user has put into a bucket of documents. */
export interface SourceObject {
  /** Undefined when it has more than are read. */
  bytes: Uint8Array | undefined;
  /** Bytes that it has. */
  size: number;
  mediaType: string | undefined;
  /** What was signed with a presigned URL. */
  metadata: RowData | undefined;
  /** Another one whenever the object is another. */
  etag: string;
}

/** The bucket that users put documents into; its objects are changed by others at any time. */
export interface DocumentSource {
  read(name: string): Promise<SourceObject | undefined>;
  /** The object's etag now; undefined when there is none. */
  etag(name: string): Promise<string | undefined>;
  delete(name: string): Promise<void>;
  /**
   * A URL that takes one PUT of this object, until it expires and while nobody else changes the object, with headers
   * that are signed and must be sent.
   */
  uploadUrl(
    name: string,
    options: {
      mediaType: string | undefined;
      bytes: number | undefined;
      /** Hex. */
      sha256: string | undefined;
      metadata: RowData | undefined;
      seconds: number;
    },
  ): Promise<{ url: string; headers: Record<string, string> }>;
  close(): Promise<void>;
}

/** Wakes the workers of a queue, without saying what there is to do. */
export interface Doorbell {
  /** @param options.afterSeconds at most 900 */
  ring(options?: { afterSeconds?: number }): Promise<void>;
  close(): Promise<void>;
}

/** Starts workers on machines that are only there while there is much to do. */
export interface JobQueue {
  /** Jobs that were submitted and have not ended, counted no further than `most`. */
  active(most: number): Promise<number>;
  submit(): Promise<void>;
  close(): Promise<void>;
}
