/** The drivers of the embedded default: files and LMDB. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFsBlobStore } from '../../shared/storage/blobs/fs.ts';
import { blobStoreContract } from '../../shared/storage/contracts/blob-store.ts';
import { tableContract } from '../../shared/storage/contracts/table.ts';
import { openEnvironment } from '../../shared/storage/lmdb/environment.ts';
import { openLmdbTable } from '../../shared/storage/table/lmdb.ts';
import { describeContract } from '../support/contract.ts';

const temporaryDirectory = () => mkdtemp(join(tmpdir(), 'blockrag-contract-'));

async function openFiles() {
  const directory = await temporaryDirectory();
  const store = await openFsBlobStore(directory);
  return { store, close: () => rm(directory, { recursive: true }) };
}

async function openTable() {
  const directory = await temporaryDirectory();
  const environment = await openEnvironment(directory);
  const close = async () => {
    await environment.close();
    await rm(directory, { recursive: true });
  };
  return { table: openLmdbTable(environment), close };
}

describeContract('file blob store', blobStoreContract(openFiles));
describeContract('LMDB table', tableContract(openTable));
