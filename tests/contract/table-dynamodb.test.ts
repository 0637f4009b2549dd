import { afterAll, beforeAll } from 'vitest';
import { tableContract } from '../../shared/storage/contracts/table.ts';
import { openDynamoTable } from '../../shared/storage/table/dynamodb.ts';
import { describeWith } from '../services/describe-with.ts';
import { type Service, startDynamoDb } from '../services/index.ts';
import { makeTable } from '../support/aws/dynamodb.ts';
import { describeContract } from '../support/contract.ts';

describeWith(['dynamodb'], 'on DynamoDB Local', () => {
  let server: Service;
  beforeAll(async () => {
    server = await startDynamoDb();
  });
  afterAll(() => server.stop());

  const open = async () => ({ table: openDynamoTable(await makeTable(server)) });
  describeContract('DynamoDB table', tableContract(open));
});
