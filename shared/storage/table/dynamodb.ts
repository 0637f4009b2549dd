import { randomUUID } from 'node:crypto';
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Condition, Row, RowData, Table, WriteOperation } from '../ports.ts';
import { utf8 } from '../utf8.ts';
import { conflict, untilSettled } from './dynamodb-failure.ts';
import {
  type Item,
  itemKey,
  keyText,
  partitionValue,
  putUpdate,
  type RowKey,
  sortValue,
  toRow,
  transactItem,
  wroteIt,
} from './dynamodb-items.ts';
import { checkLimit, checkWrite, DEFAULT_PAGE } from './requests.ts';

const MAX_BATCH_GET = 100;
const PARALLEL_PUTS = 16;
const MAX_ATTEMPTS = 8;
const CONNECT_MS = 3000;
const ANSWER_MS = 10_000;

/** The catalog's table in DynamoDB. A query without a limit gives pages of 1000 rows. */
class DynamoTable implements Table {
  #client: DynamoDBClient;
  #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async get(partition: string, sort: string): Promise<Row | undefined> {
    return (await this.getMany([{ partition, sort }]))[0];
  }

  async getMany(keys: readonly RowKey[]): Promise<(Row | undefined)[]> {
    const distinct = [...new Map(keys.map((key) => [keyText(key), itemKey(key)])).values()];
    const found = new Map<string, Row>();
    for (let start = 0; start < distinct.length; start += MAX_BATCH_GET) {
      let pending: Item[] = distinct.slice(start, start + MAX_BATCH_GET);
      // An answer has room for 16 MB, and less when throttled: the rest is asked for again.
      while (pending.length > 0) {
        const request = { Keys: pending, ConsistentRead: true };
        const { Responses, UnprocessedKeys } = await this.#read(() =>
          this.#client.send(new BatchGetItemCommand({ RequestItems: { [this.#table]: request } })),
        );
        for (const row of (Responses?.[this.#table] ?? []).map(toRow)) found.set(keyText(row), row);
        pending = UnprocessedKeys?.[this.#table]?.Keys ?? [];
      }
    }
    return keys.map((key) => found.get(keyText(key)));
  }

  async query(
    partition: string,
    options: { prefix?: string; after?: string; limit?: number } = {},
  ): Promise<{ rows: Row[]; next: string | undefined }> {
    const { prefix = '', after = '', limit = DEFAULT_PAGE } = options;
    checkLimit(limit);
    // A start outside of the prefix is refused: before it, all is asked for; behind it, there is nothing.
    const inside = after.startsWith(prefix);
    if (!inside && utf8(after).compare(utf8(prefix)) > 0) return { rows: [], next: undefined };
    const withPrefix = prefix === '' ? undefined : sortValue(prefix);
    let start: Item | undefined = inside && after !== '' ? itemKey({ partition, sort: after }) : undefined;
    const rows: Row[] = [];
    do {
      const command = new QueryCommand({
        TableName: this.#table,
        ConsistentRead: true,
        KeyConditionExpression: `#partition = :partition${withPrefix ? ' AND begins_with(#sort, :prefix)' : ''}`,
        ExpressionAttributeNames: { '#partition': 'partition', ...(withPrefix && { '#sort': 'sort' }) },
        ExpressionAttributeValues: {
          ':partition': partitionValue(partition),
          ...(withPrefix && { ':prefix': withPrefix }),
        },
        ...(start && { ExclusiveStartKey: start }),
        Limit: limit - rows.length,
      });
      const page = await this.#read(() => this.#client.send(command));
      rows.push(...(page.Items ?? []).map(toRow));
      start = page.LastEvaluatedKey;
    } while (start !== undefined && rows.length < limit);
    return { rows, next: start?.sort?.S };
  }

  async write(operations: readonly WriteOperation[]): Promise<void> {
    checkWrite(operations);
    const [first] = operations;
    if (first === undefined) return;
    if (operations.length === 1 && 'put' in first) return this.#put(first.put, first.condition);
    if (operations.length === 1 && 'delete' in first && first.condition === undefined) {
      return this.#delete(first.delete);
    }
    const writer = randomUUID();
    const TransactItems = operations.map((operation) => transactItem(this.#table, operation, writer));
    // Each command has a token: sent again after a lost answer, it is not done twice.
    await this.#write(() => this.#client.send(new TransactWriteItemsCommand({ TransactItems })));
  }

  /**
   * Single updates, several at once: half the price of transactions, without their limit of 4 MB, and without
   * conflicts among themselves. A batch write could not count revisions. Of several puts of a row the last counts.
   */
  async putMany(rows: readonly (RowKey & { data: RowData })[]): Promise<void> {
    const queue = new Map(rows.map((row) => [keyText(row), row])).values();
    let failed = false;
    const putInTurn = async () => {
      for (const row of queue) {
        if (failed) return;
        await this.#put(row).catch((error) => {
          failed = true;
          throw error;
        });
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_PUTS }, putInTurn));
  }

  /** Nothing to do: AWS lets nobody read freed pages. Backups keep deleted rows as long as they are kept. */
  async scrub(): Promise<boolean> {
    return true;
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  async #put(row: RowKey & { data: RowData }, condition?: Condition): Promise<void> {
    const writer = randomUUID();
    const update = putUpdate(this.#table, row, condition, writer);
    await this.#write(async () => {
      try {
        const onFailure = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const };
        await this.#client.send(new UpdateItemCommand({ ...update, ...(condition && onFailure) }));
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        if (!wroteIt(error.Item, writer)) throw conflict(0);
      }
    });
  }

  async #delete(key: RowKey): Promise<void> {
    const Key = itemKey(key);
    await this.#write(() => this.#client.send(new DeleteItemCommand({ TableName: this.#table, Key })));
  }

  #read<T>(request: () => Promise<T>): Promise<T> {
    return untilSettled(`read the table ${this.#table}`, request);
  }

  #write<T>(request: () => Promise<T>): Promise<T> {
    return untilSettled(`write to the table ${this.#table}`, request);
  }
}

/**
 * Opens the table of that name: partition key `partition` and sort key `sort`, both texts (`createDynamoTable`
 * makes one). Nothing is sent until it is used. A partition key has 1 to 2048 bytes of UTF-8, a sort key 1 to
 * 1024; a row has at most 400 KB, nests at most 32 deep, has no empty names within, and its numbers are 0 or of
 * a size between 1e-130 and 1e126; the rows of one `write` have 4 MB together. Anything else is refused with `invalid_request`.
 *
 * A failed call has `overloaded` when DynamoDB still throttles it after several attempts, otherwise
 * `storage_failed` with what to do.
 *
 * @param options.client region, endpoint, credentials and the like; default: what the environment says
 * @example const table = openDynamoTable({ table: 'blockrag-prod' })
 */
export function openDynamoTable(options: { table: string; client?: DynamoDBClientConfig }): Table {
  const client = new DynamoDBClient({
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS, throwOnRequestTimeout: true },
    ...options.client,
  });
  return new DynamoTable(client, options.table);
}
