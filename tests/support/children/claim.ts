/** Claims a data directory and keeps it; prints "claimed", or the code of the refusal and ends. */
import { openEnvironment } from '../../../shared/storage/lmdb/environment.ts';
import { claimDataDirectory } from '../../../shared/storage/lmdb/ownership.ts';

const [directory, url] = process.argv.slice(2);
const environment = await openEnvironment(directory!);
try {
  const ownership = await claimDataDirectory(environment, { command: 'serve' });
  if (url !== undefined) await ownership.setUrl(url);
  process.stdout.write('claimed\n');
  setInterval(() => undefined, 60_000);
} catch (error) {
  process.stdout.write(`${(error as { code: string }).code}\n`);
}
