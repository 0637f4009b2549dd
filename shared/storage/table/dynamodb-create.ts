import {
  CreateTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  ResourceInUseException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { untilSettled } from './dynamodb-failure.ts';

const LONGEST_WAIT_S = 120;

/**
 * Makes a table for `openDynamoTable`, paid by request, and waits until it can be used; one that is there is
 * left as it is. For tests and local stages: a deployed one is a resource of its CloudFormation stack.
 */
export async function createDynamoTable(options: {
  table: string;
  client?: DynamoDBClientConfig;
}): Promise<void> {
  const client = new DynamoDBClient(options.client ?? {});
  const table = { TableName: options.table };
  const command = new CreateTableCommand({
    ...table,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'partition', AttributeType: 'S' },
      { AttributeName: 'sort', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'partition', KeyType: 'HASH' },
      { AttributeName: 'sort', KeyType: 'RANGE' },
    ],
  });
  try {
    await untilSettled(`create the table ${options.table}`, async () => {
      await client.send(command).catch((error) => {
        if (!(error instanceof ResourceInUseException)) throw error;
      });
      await waitUntilTableExists({ client, maxWaitTime: LONGEST_WAIT_S, minDelay: 1, maxDelay: 5 }, table);
    });
  } finally {
    client.destroy();
  }
}
