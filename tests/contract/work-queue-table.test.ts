/** The work queue in a table, on both kinds of tables. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { workQueueContract } from '../../shared/storage/contracts/work-queue.ts';
import { openEnvironment } from '../../shared/storage/lmdb/environment.ts';
import { openTableQueue } from '../../shared/storage/queue/table.ts';
import { openDynamoTable } from '../../shared/storage/table/dynamodb.ts';
import { openLmdbTable } from '../../shared/storage/table/lmdb.ts';
import { describeWith } from '../services/describe-with.ts';
import { type Service, startDynamoDb } from '../services/index.ts';
import { makeTable } from '../support/aws/dynamodb.ts';
import { describeContract } from '../support/contract.ts';

async function openOnLmdb() {
  const directory = await mkdtemp(join(tmpdir(), 'blockrag-contract-'));
  const environment = await openEnvironment(directory);
  const close = async () => {
    await environment.close();
    await rm(directory, { recursive: true });
  };
  return { queue: openTableQueue(openLmdbTable(environment), 'test', { maxAttempts: 3 }), close };
}

describeContract('LMDB table work queue', workQueueContract(openOnLmdb));

describeWith(['dynamodb'], 'on DynamoDB Local', () => {
  let server: Service;
  beforeAll(async () => {
    server = await startDynamoDb();
  });
  afterAll(() => server.stop());

  const open = async () => {
    const table = openDynamoTable(await makeTable(server));
    return { queue: openTableQueue(table, 'test', { maxAttempts: 3 }), close: () => table.close() };
  };
  describeContract('DynamoDB table work queue', workQueueContract(open));
});
