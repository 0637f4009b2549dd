/** Rows as DynamoDB's items: two key attributes, the revision, and the data as a map. */
import type { AttributeValue, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { BlockragError } from '../../errors.ts';
import type { Condition, Row, RowData, WriteOperation } from '../ports.ts';
import { utf8 } from '../utf8.ts';

const MAX_PARTITION_BYTES = 2048;
const MAX_SORT_BYTES = 1024;

export type Item = Record<string, AttributeValue>;
export interface RowKey {
  partition: string;
  sort: string;
}

// All names are aliased: some are reserved words of DynamoDB's expressions.
const KEY_NAME = { '#partition': 'partition' };
const REVISION_NAME = { '#revision': 'revision' };

/** @throws BlockragError `invalid_request` for a key that DynamoDB does not take */
export function itemKey({ partition, sort }: RowKey): {
  partition: AttributeValue.SMember;
  sort: AttributeValue.SMember;
} {
  if (sort === '') throw new BlockragError('invalid_request', 'A sort key is empty.');
  return { partition: partitionValue(partition), sort: sortValue(sort) };
}

export function partitionValue(partition: string): AttributeValue.SMember {
  if (partition === '') throw new BlockragError('invalid_request', 'A partition key is empty.');
  return keyValue(partition, MAX_PARTITION_BYTES);
}

/** A sort key, or the start of one, which may be empty. */
export function sortValue(sort: string): AttributeValue.SMember {
  return keyValue(sort, MAX_SORT_BYTES);
}

function keyValue(key: string, limit: number): AttributeValue.SMember {
  const bytes = utf8(key).length;
  if (bytes > limit) {
    const message = `A key of ${bytes} bytes is too long: ${limit} bytes are allowed.`;
    throw new BlockragError('invalid_request', message, { data: { bytes } });
  }
  return { S: key };
}

/** The row of an item as it was read. */
export function toRow(item: Item): Row {
  return {
    partition: item.partition!.S!,
    sort: item.sort!.S!,
    revision: Number(item.revision!.N),
    // A number beyond 2^53 would become a bigint, which no other driver gives.
    data: unmarshall(item.data!.M!, { wrapNumbers: Number }) as RowData,
  };
}

/** A text that two keys share only if they are the same. */
export function keyText({ partition, sort }: RowKey): string {
  return JSON.stringify([partition, sort]);
}

/**
 * The update that puts a row. An update rather than a put, as only that counts the revision up.
 *
 * @param writer names this write, for `wroteIt`
 */
export function putUpdate(
  table: string,
  row: RowKey & { data: RowData },
  condition: Condition | undefined,
  writer: string,
) {
  const held = condition && conditionOf(condition);
  return {
    TableName: table,
    Key: itemKey(row),
    UpdateExpression: 'SET #data = :data, #writer = :writer ADD #revision :one',
    ...held?.expression,
    ExpressionAttributeNames: { '#data': 'data', '#writer': 'writer', ...REVISION_NAME, ...held?.names },
    ExpressionAttributeValues: {
      ':data': dataValue(row.data),
      ':writer': { S: writer },
      ':one': { N: '1' },
      ...held?.values,
    },
  };
}

/**
 * Whether an item was left by that very write. A request whose answer got lost is sent again, and its own first
 * success then makes its condition fail.
 */
export function wroteIt(item: Item | undefined, writer: string): boolean {
  return item?.writer?.S === writer;
}

/** An operation as a part of a transaction. */
export function transactItem(table: string, operation: WriteOperation, writer: string): TransactWriteItem {
  if ('put' in operation) return { Update: putUpdate(table, operation.put, operation.condition, writer) };
  if ('check' in operation)
    return { ConditionCheck: conditioned(table, operation.check, operation.condition) };
  const { delete: key, condition } = operation;
  return { Delete: condition ? conditioned(table, key, condition) : { TableName: table, Key: itemKey(key) } };
}

function conditioned(table: string, key: RowKey, condition: Condition) {
  const { expression, names, values } = conditionOf(condition);
  return {
    TableName: table,
    Key: itemKey(key),
    ...expression,
    ExpressionAttributeNames: names,
    ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
  };
}

function conditionOf(condition: Condition): {
  expression: { ConditionExpression: string };
  names: Record<string, string>;
  values?: Item;
} {
  if (condition === 'absent' || condition === 'present') {
    const test = condition === 'absent' ? 'attribute_not_exists' : 'attribute_exists';
    return { expression: { ConditionExpression: `${test}(#partition)` }, names: KEY_NAME };
  }
  return {
    expression: { ConditionExpression: '#revision = :revision' },
    names: REVISION_NAME,
    values: { ':revision': { N: String(condition.revision) } },
  };
}

function dataValue(data: RowData): AttributeValue {
  try {
    // DynamoDB keeps 38 digits: every double between 1e-130 and 1e126 comes back as it was.
    return marshall(data, { convertTopLevelContainer: true, allowImpreciseNumbers: true });
  } catch (cause) {
    const message = `A row holds what DynamoDB cannot: ${(cause as Error).message}`;
    throw new BlockragError('invalid_request', message, { cause });
  }
}
