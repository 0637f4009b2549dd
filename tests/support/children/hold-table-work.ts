/** Takes one item of the queue "work" in a DynamoDB table, prints its id, and prolongs its lease for ever. */
import { openTableQueue } from '../../../shared/storage/queue/table.ts';
import { openDynamoTable } from '../../../shared/storage/table/dynamodb.ts';

const [table, client, leaseMs] = process.argv.slice(2);
const queue = openTableQueue(openDynamoTable({ table: table!, client: JSON.parse(client!) }), 'work');
const [lease] = await queue.receive({ max: 1, leaseMs: Number(leaseMs), waitMs: 0 });
process.stdout.write(`${lease?.id}\n`);
setInterval(() => queue.extend(lease!.receipt, Number(leaseMs)), Number(leaseMs) / 5);
