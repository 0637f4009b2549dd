/**
 * Requests that may be sent again without being carried out twice.
 *
 * partition    sort                 row
 * idempotency  SHA-256 in hex       of tenant and key: request, state, until, result
 */
import { createHash } from 'node:crypto';
import { BlockragError } from '../../errors.ts';
import { Gate } from '../../gate.ts';
import type { Condition, Row, Table, Value, WriteOperation } from '../../storage/ports.ts';
import { deleteUnchanged, ifUnchanged, tryWrite } from '../../storage/table/conflicts.ts';
import { rowsOf } from '../../storage/table/rows.ts';

/** A row as it is stored. */
type Stored = {
  /** SHA-256 of the request's fingerprint. */
  request: string;
  state: 'running' | 'done';
  /** When the lease, or the result, ends; milliseconds since the epoch. */
  until: number;
  result: Value;
};

export interface IdempotentRequest {
  tenant: string;
  /** What the client calls this request: any text. */
  key: string;
  /** What makes two requests the same; only its hash is stored. */
  fingerprint: string;
}

const PARTITION = 'idempotency';
const RESULT_MS = 24 * 3_600_000;
/** After this time without a renewal, the process that runs the request counts as dead. */
const LEASE_MS = 30_000;
const RENEW_MS = 10_000;

/**
 * Runs a request once: its result (JSON; never document text) is kept for 24 hours, and given again to whoever
 * sends the same key. A request that fails may be tried again. Holds across instances.
 *
 * @param options.now the clock, milliseconds since the epoch
 * @throws BlockragError `idempotency_mismatch` when the key was used for another request, `conflict` while the
 *   first is still running, and what `run` throws
 */
export async function withIdempotency<T extends Value>(
  table: Table,
  { tenant, key, fingerprint }: IdempotentRequest,
  run: () => Promise<T>,
  { now = Date.now }: { now?: () => number } = {},
): Promise<T> {
  const sort = hash(JSON.stringify([tenant, key]));
  const request = hash(fingerprint);
  const put = (state: Stored['state'], result: Value, condition: Condition): WriteOperation => {
    const until = now() + (state === 'done' ? RESULT_MS : LEASE_MS);
    const data: Stored = { request, state, until, result };
    return { put: { partition: PARTITION, sort, data }, condition };
  };
  const row = await table.get(PARTITION, sort);
  const known = row && liveRow(row, now());
  if (known !== undefined) {
    if (known.request !== request) {
      const message = 'This idempotency key was used for another request: use a new one.';
      throw new BlockragError('idempotency_mismatch', message);
    }
    if (known.state === 'done') return known.result as T;
    throw stillRunning();
  }
  if (!(await tryWrite(table, [put('running', null, ifUnchanged(row))]))) throw stillRunning();
  const claim = new Claim(table, (row?.revision ?? 0) + 1, (condition) => put('running', null, condition));
  try {
    const result = await run();
    await claim.end((condition) => put('done', result, condition));
    return result;
  } catch (error) {
    await claim.end((condition) => ({ delete: { partition: PARTITION, sort }, condition }));
    throw error;
  }
}

/** Removes the rows whose time is over. */
export async function removeExpiredRequests(table: Table, now: number = Date.now()): Promise<void> {
  for await (const row of rowsOf(table, PARTITION)) {
    if (liveRow(row, now) === undefined) await deleteUnchanged(table, row);
  }
}

/** A row in hand: renewed until it ends. Whoever loses it to another lets it be. */
class Claim {
  #table: Table;
  #revision: number;
  #turns = new Gate(1);
  #timer: NodeJS.Timeout;

  constructor(table: Table, revision: number, renew: (condition: Condition) => WriteOperation) {
    this.#table = table;
    this.#revision = revision;
    this.#timer = setInterval(() => this.#write(renew), RENEW_MS);
    this.#timer.unref();
  }

  async end(write: (condition: Condition) => WriteOperation): Promise<void> {
    clearInterval(this.#timer);
    await this.#write(write);
  }

  async #write(write: (condition: Condition) => WriteOperation): Promise<void> {
    await this.#turns
      .run(async () => {
        await this.#table.write([write(ifUnchanged({ revision: this.#revision }))]);
        this.#revision++;
      })
      // What was done is done: that it cannot be told the next time must not make it fail.
      .catch(() => {});
  }
}

function liveRow({ data }: Row, now: number): Stored | undefined {
  const stored = data as Stored;
  return stored.until > now ? stored : undefined;
}

function stillRunning(): BlockragError {
  return new BlockragError('conflict', 'The request with this idempotency key is still being worked on.');
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
