import { afterAll, beforeAll } from 'vitest';
import { openDynamoTable } from '../../shared/storage/table/dynamodb.ts';
import { describeWith } from '../services/describe-with.ts';
import { type Service, startDynamoDb } from '../services/index.ts';
import { makeTable } from '../support/dynamodb.ts';
import { describeTable } from './table.contract.ts';

describeWith(['dynamodb'], 'on DynamoDB Local', () => {
  let server: Service;
  beforeAll(async () => {
    server = await startDynamoDb();
  });
  afterAll(() => server.stop());

  describeTable('DynamoDB', async () => {
    return { table: openDynamoTable(await makeTable(server)), dispose: async () => {} };
  });
});
