/** Takes one item of the queue "work" and never finishes it; prints its id. */
import { openEnvironment } from '../../../shared/storage/lmdb/environment.ts';
import { openLmdbQueue } from '../../../shared/storage/queue/lmdb.ts';

const queue = await openLmdbQueue(await openEnvironment(process.argv[2]!), 'work', { maxAttempts: 2 });
const [lease] = await queue.receive({ max: 1, leaseMs: 3_600_000, waitMs: 0 });
process.stdout.write(`${lease?.id}\n`);
setInterval(() => undefined, 60_000);
