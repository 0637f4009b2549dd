/** The drivers of the embedded default: files and LMDB. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFsBlobStore } from '../../shared/storage/blobs/fs.ts';
import { blobStoreContract } from '../../shared/storage/contracts/blob-store.ts';
import { tableContract } from '../../shared/storage/contracts/table.ts';
import { workQueueContract } from '../../shared/storage/contracts/work-queue.ts';
import { openEnvironment } from '../../shared/storage/lmdb/environment.ts';
import { openLmdbQueue } from '../../shared/storage/queue/lmdb.ts';
import { openLmdbTable } from '../../shared/storage/table/lmdb.ts';
import { describeContract } from '../support/contract.ts';

const temporaryDirectory = () => mkdtemp(join(tmpdir(), 'blockrag-contract-'));

async function temporaryEnvironment() {
  const directory = await temporaryDirectory();
  const environment = await openEnvironment(directory);
  const close = async () => {
    await environment.close();
    await rm(directory, { recursive: true });
  };
  return { environment, close };
}

async function openFiles() {
  const directory = await temporaryDirectory();
  const store = await openFsBlobStore(directory);
  return { store, close: () => rm(directory, { recursive: true }) };
}

async function openTable() {
  const { environment, close } = await temporaryEnvironment();
  return { table: openLmdbTable(environment), close };
}

async function openQueue() {
  const { environment, close } = await temporaryEnvironment();
  return { queue: await openLmdbQueue(environment, 'test', { maxAttempts: 3 }), close };
}

describeContract('file blob store', blobStoreContract(openFiles));
describeContract('LMDB table', tableContract(openTable));
describeContract('LMDB work queue', workQueueContract(openQueue));
