import { randomUUID } from 'node:crypto';
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { createDynamoTable } from '../../../shared/storage/table/dynamodb-create.ts';
import type { Service } from '../../services/index.ts';

/** Makes an empty table of a name of its own; what `openDynamoTable` takes to open it. */
export async function makeTable(server: Service): Promise<{ table: string; client: DynamoDBClientConfig }> {
  const { endpoint, region, credentials } = server;
  const options = { table: randomUUID(), client: { endpoint, region, credentials } };
  await createDynamoTable(options);
  return options;
}
