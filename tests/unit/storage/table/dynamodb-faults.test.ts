import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Table } from '../../../../shared/storage/ports.ts';
import { openDynamoTable } from '../../../../shared/storage/table/dynamodb.ts';
import { describeWith } from '../../../services/describe-with.ts';
import { type FaultProxy, startFaultProxy } from '../../../services/fault-proxy.ts';
import {
  type Fault,
  loseAnswer,
  reset,
  stall,
  throughputExceeded,
  truncate,
} from '../../../services/faults.ts';
import { type Service, startDynamoDb } from '../../../services/index.ts';
import { makeTable } from '../../../support/aws/dynamodb.ts';

const SECRET = 'secretsecret';
const row = { partition: 'p', sort: 's', data: { n: 1 } };
const other = { partition: 'p', sort: 'other', data: {} };

/** What DynamoDB says instead of an answer. */
function answer(name: string, more: object = {}, status = 400): Fault {
  const body = Buffer.from(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, ...more }));
  const headers = ['content-type', 'application/x-amz-json-1.0', 'content-length', String(body.length)];
  return { kind: 'answer', status, headers, body };
}
const cancelled = (...codes: string[]) =>
  answer('TransactionCanceledException', { CancellationReasons: codes.map((Code) => ({ Code })) });

describeWith(['dynamodb'], 'DynamoDB table behind a bad network', () => {
  let server: Service;
  let proxy: FaultProxy;
  let table: Table;
  const open = async (client = {}) => {
    const options = await makeTable(server);
    const credentials = { accessKeyId: 'test', secretAccessKey: SECRET };
    return openDynamoTable({
      ...options,
      client: { ...options.client, endpoint: proxy.endpoint, credentials, ...client },
    });
  };
  beforeAll(async () => {
    server = await startDynamoDb();
    proxy = await startFaultProxy(server.endpoint);
  });
  beforeEach(async () => {
    table = await open();
  });
  afterEach(async () => {
    await table.close();
    expect(proxy.pending()).toBe(0);
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  const passing: [name: string, faults: () => Fault[]][] = [
    ['throttling', () => [throughputExceeded(), answer('ThrottlingException')]],
    [
      'errors of the service',
      () => [answer('InternalServerError', {}, 500), answer('ServiceUnavailable', {}, 503)],
    ],
    ['a reset', () => [reset()]],
    ['a lost answer', () => [loseAnswer()]],
    ['a truncated answer', () => [truncate(1)]],
  ];
  describe.each(passing)('%s', (_, faults) => {
    const inject = () => proxy.inject(...faults());

    it('does not make a creation fail, nor happen twice', async () => {
      inject();
      await table.write([{ put: row, condition: 'absent' }]);
      expect(await table.get('p', 's')).toEqual({ ...row, revision: 1 });
    });

    it('does not make a change of a known revision fail', async () => {
      await table.write([{ put: row }]);
      inject();
      await table.write([{ put: row, condition: { revision: 1 } }]);
      expect((await table.get('p', 's'))?.revision).toBe(2);
    });

    it('does not make a deletion fail', async () => {
      await table.write([{ put: row }]);
      inject();
      await table.write([{ delete: row, condition: { revision: 1 } }]);
      inject();
      await table.write([{ delete: row }]);
      expect(await table.get('p', 's')).toBeUndefined();
    });

    it('does not make a transaction fail, nor happen twice', async () => {
      inject();
      await table.write([{ put: row, condition: 'absent' }, { put: other }]);
      expect((await table.query('p')).rows.map(({ revision }) => revision)).toEqual([1, 1]);
    });

    it('does not hide a conflict', async () => {
      await table.write([{ put: row }]);
      inject();
      const conflict = { code: 'conflict', data: { index: 0 } };
      await expect(table.write([{ put: row, condition: 'absent' }])).rejects.toMatchObject(conflict);
      expect((await table.get('p', 's'))?.revision).toBe(1);
    });

    it('does not make reads fail', async () => {
      await table.putMany([row, other]);
      inject();
      expect(await table.getMany([row, other])).toHaveLength(2);
      inject();
      expect((await table.query('p')).rows).toHaveLength(2);
    });
  });

  it('repeats transactions that met others, or were throttled', async () => {
    proxy.inject(cancelled('None', 'TransactionConflict'), cancelled('ThrottlingError', 'None'));
    await table.write([{ put: row }, { put: other }]);
    proxy.inject(answer('TransactionConflictException'));
    await table.write([{ put: row }]);
    expect((await table.query('p')).rows.map(({ revision }) => revision)).toEqual([1, 2]);
  });

  it('tells the conflict of a transaction that met others as well', async () => {
    proxy.inject(cancelled('TransactionConflict', 'ConditionalCheckFailed'));
    const conflict = { code: 'conflict', data: { index: 1 } };
    await expect(table.write([{ put: row }, { put: other }])).rejects.toMatchObject(conflict);
  });

  it('asks again when no answer comes', async () => {
    const hasty = await open({ requestHandler: { requestTimeout: 300, throwOnRequestTimeout: true } });
    proxy.inject(stall(2000));
    await hasty.write([{ put: row, condition: 'absent' }]);
    expect((await hasty.get('p', 's'))?.revision).toBe(1);
    await hasty.close();
  });

  it('says that it is overloaded when throttling does not end', async () => {
    const impatient = await open({ maxAttempts: 2 });
    proxy.inject(throughputExceeded(), throughputExceeded());
    const overloaded = { code: 'overloaded', message: expect.stringContaining('Try again later') };
    await expect(impatient.write([{ put: row }])).rejects.toMatchObject(overloaded);
    await impatient.close();
  });

  it.each([
    ['ExpiredTokenException', /credentials have expired/],
    ['UnrecognizedClientException', /does not know these credentials/],
    ['AccessDeniedException', /needs BatchGetItem.* on the table/],
  ])('says what to do about %s, at once', async (name, advice) => {
    proxy.inject(answer(name, { message: `${SECRET} is wrong` }));
    const before = proxy.requests.length;
    const error = await table.write([{ put: row }]).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'storage_failed', data: { code: name } });
    expect(error.message).toMatch(advice);
    expect(error.message).not.toContain(SECRET);
    expect(proxy.requests.length - before).toBe(1);
  });
});
