import { BlockragError } from '../../errors.ts';
import type { Environment, NamedDatabase } from '../lmdb/environment.ts';
import { scrubDatabase } from '../lmdb/scrub.ts';
import type { Condition, Row, RowData, Table, Value, WriteOperation } from '../ports.ts';
import { endOf, prefixKey, rowKey, sortOf } from './keys.ts';
import { checkLimit, checkWrite, DEFAULT_PAGE, targetOf } from './requests.ts';

const PUT_MANY_BATCH = 500;

type Stored = [revision: number, data: RowData];

/** The catalog's table in LMDB. A query without a limit gives pages of 1000 rows. */
class LmdbTable implements Table {
  #environment: Environment;
  #rows: NamedDatabase<Stored>;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#rows = environment.database('rows');
  }

  async get(partition: string, sort: string): Promise<Row | undefined> {
    return this.#environment.read(() => this.#row(partition, sort));
  }

  async getMany(keys: readonly { partition: string; sort: string }[]): Promise<(Row | undefined)[]> {
    return this.#environment.read(() => keys.map(({ partition, sort }) => this.#row(partition, sort)));
  }

  async query(
    partition: string,
    options: { prefix?: string; after?: string; limit?: number } = {},
  ): Promise<{ rows: Row[]; next: string | undefined }> {
    const { prefix = '', after = '', limit = DEFAULT_PAGE } = options;
    checkLimit(limit);
    const first = prefixKey(partition, prefix);
    const last = prefixKey(partition, after);
    const end = endOf(first);
    if (last.compare(end) >= 0) return { rows: [], next: undefined };
    // A row has a sort key, so the bare prefix of a partition is no row's key and may be excluded as well.
    const range = last.compare(first) >= 0 ? { start: last, exclusiveStart: true } : { start: first };
    const rows = this.#environment.read(() =>
      Array.from(this.#rows.getRange({ ...range, end, limit: limit + 1 }), ({ key, value }) =>
        toRow(partition, sortOf(key as Buffer), value),
      ),
    );
    const page = rows.slice(0, limit);
    return { rows: page, next: rows.length > limit ? page.at(-1)?.sort : undefined };
  }

  async write(operations: readonly WriteOperation[]): Promise<void> {
    checkWrite(operations);
    const steps = operations.map((operation) => {
      const { partition, sort } = targetOf(operation);
      return { operation, key: rowKey(partition, sort) };
    });
    if (steps.length === 0) return;
    await this.#environment.write(() => {
      steps.forEach(({ operation, key }, index) => {
        const revision = this.#rows.get(key)?.[0] ?? 0;
        if (!holds(operation.condition, revision)) throw conflict(index);
        if ('put' in operation) this.#rows.putSync(key, [revision + 1, operation.put.data]);
        else if ('delete' in operation) this.#rows.removeSync(key);
      });
    });
  }

  async putMany(rows: readonly { partition: string; sort: string; data: RowData }[]): Promise<void> {
    for (let start = 0; start < rows.length; start += PUT_MANY_BATCH) {
      const batch = rows.slice(start, start + PUT_MANY_BATCH).map(({ partition, sort, data }) => {
        return { key: rowKey(partition, sort), data };
      });
      await this.#environment.write(() => {
        for (const { key, data } of batch) {
          this.#rows.putSync(key, [(this.#rows.get(key)?.[0] ?? 0) + 1, data]);
        }
      });
    }
  }

  scrub(): Promise<boolean> {
    return scrubDatabase(this.#environment, this.#rows);
  }

  /** Nothing to do: the environment is closed by the caller that opened it. */
  async close(): Promise<void> {}

  #row(partition: string, sort: string): Row | undefined {
    const stored = this.#rows.get(rowKey(partition, sort));
    return stored && toRow(partition, sort, stored);
  }
}

function holds(condition: Condition | undefined, revision: number): boolean {
  if (condition === undefined) return true;
  if (condition === 'absent') return revision === 0;
  if (condition === 'present') return revision > 0;
  return condition.revision === revision;
}

function conflict(index: number): BlockragError {
  const message = 'What was to be written was changed meanwhile: read it again and retry.';
  return new BlockragError('conflict', message, { data: { index } });
}

function toRow(partition: string, sort: string, [revision, data]: Stored): Row {
  return { partition, sort, revision, data: withPlainBytes(data) as RowData };
}

/** Bytes as Uint8Array: msgpack gives Buffers, whose slice() and JSON differ from every other driver's. */
function withPlainBytes(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(withPlainBytes);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withPlainBytes(part)]));
}

/**
 * Opens the table in an environment. Keys are not empty, have no lone surrogates, and partition and sort key
 * together are at most 1976 bytes of UTF-8: anything else is refused with `invalid_request`.
 *
 * @example const table = openLmdbTable(await openEnvironment(directory))
 */
export function openLmdbTable(environment: Environment): Table {
  return new LmdbTable(environment);
}
