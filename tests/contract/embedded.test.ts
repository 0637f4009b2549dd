/** The drivers of the embedded default: files and LMDB. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFsBlobStore } from '../../shared/storage/blobs/fs.ts';
import { openEnvironment } from '../../shared/storage/lmdb/environment.ts';
import { openLmdbQueue } from '../../shared/storage/queue/lmdb.ts';
import { openLmdbTable } from '../../shared/storage/table/lmdb.ts';
import { describeBlobStore } from './blob-store.contract.ts';
import { describeTable } from './table.contract.ts';
import { describeWorkQueue } from './work-queue.contract.ts';

const temporaryDirectory = () => mkdtemp(join(tmpdir(), 'blockrag-contract-'));

async function temporaryEnvironment() {
  const directory = await temporaryDirectory();
  const environment = await openEnvironment(directory);
  const dispose = async () => {
    await environment.close();
    await rm(directory, { recursive: true });
  };
  return { environment, dispose };
}

describeBlobStore('file', async () => {
  const directory = await temporaryDirectory();
  const store = await openFsBlobStore(directory);
  return { store, dispose: () => rm(directory, { recursive: true }) };
});

describeTable('LMDB', async () => {
  const { environment, dispose } = await temporaryEnvironment();
  return { table: openLmdbTable(environment), dispose };
});

describeWorkQueue('LMDB', async () => {
  const { environment, dispose } = await temporaryEnvironment();
  return { queue: await openLmdbQueue(environment, 'test', { maxAttempts: 3 }), dispose };
});
