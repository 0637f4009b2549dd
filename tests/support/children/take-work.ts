/** Opens the queue "work" as its only consumer, takes one item and never finishes it; prints its id. */
import { openEnvironment } from '../../../shared/storage/lmdb/environment.ts';
import { releaseLeases } from '../../../shared/storage/queue/leases.ts';
import { openTableQueue } from '../../../shared/storage/queue/table.ts';
import { openLmdbTable } from '../../../shared/storage/table/lmdb.ts';

const table = openLmdbTable(await openEnvironment(process.argv[2]!));
await releaseLeases(table, 'work');
const queue = openTableQueue(table, 'work', { maxAttempts: 2 });
const [lease] = await queue.receive({ max: 1, leaseMs: 3_600_000, waitMs: 0 });
process.stdout.write(`${lease?.id}\n`);
setInterval(() => undefined, 60_000);
