import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostId, startTimeOf } from '../../../shared/process.ts';
import type { Environment } from '../../../shared/storage/lmdb/environment.ts';
import { tellOwner } from '../../../shared/storage/lmdb/owner.ts';
import { openDataDirectory, openEmbeddedStores } from '../../../shared/stores/embedded.ts';
import type { Stores } from '../../../shared/stores/stores.ts';

const NOW = { max: 9, leaseMs: 60_000, waitMs: 0 };
const open = (directory: string) => openEmbeddedStores(directory, { command: 'test' });

/** A work queue as older versions kept it, in an LMDB database of its own. */
async function writeLmdbQueue(directory: string): Promise<void> {
  const numbers = (...values: number[]) => {
    const bytes = Buffer.alloc(8 * values.length);
    for (const [i, value] of values.entries()) bytes.writeDoubleBE(value, 8 * i);
    return bytes;
  };
  const due = Date.now() + 3_600_000;
  const retire = { kind: 'retire', tenant: 't', document: 'd', version: 'v' };
  const items = [
    { id: 'tidy', body: { kind: 'tidy' }, sequence: 7, attempt: 0, place: 'ready', due: 0, error: '' },
    { id: 'erase', body: { kind: 'erase' }, sequence: 5, attempt: 2, place: 'delayed', due, error: 'full' },
    { id: 'retire/d/v', body: retire, sequence: 3, attempt: 1, place: 'leased', due, error: '' },
    {
      id: 'ingest/e/w',
      body: { kind: 'ingest' },
      sequence: 2,
      attempt: 10,
      place: 'dead',
      due: 0,
      error: 'no',
    },
  ] as const;
  const marks = { ready: 'R', delayed: 'T', leased: 'L', dead: 'D' };
  const environment = await openDataDirectory(directory);
  const database = environment.database<unknown>('queue:work');
  await environment.write(() => {
    database.putSync(Buffer.from('C'), 7);
    for (const { id, ...item } of items) {
      database.putSync(Buffer.from(`I${id}`), item);
      const index = [Buffer.from(marks[item.place]), numbers(item.due, item.sequence)];
      database.putSync(Buffer.concat(index), id);
    }
  });
  await environment.close();
}

const entriesOf = (environment: Environment) =>
  environment.read(() => environment.database('queue:work').getKeysCount());

describe('embedded stores', () => {
  let directory: string;
  let stores: Stores | undefined;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'blockrag-stores-'));
  });
  afterEach(async () => {
    await stores?.close();
    await rm(directory, { recursive: true });
  });

  it('take over the work that an older version has left, once', async () => {
    await writeLmdbQueue(directory);
    stores = await open(directory);
    expect(await stores.queue.counts()).toEqual({ waiting: 3, leased: 0, dead: 1 });
    expect(await stores.queue.dead()).toEqual([{ id: 'ingest/e/w', body: { kind: 'ingest' }, error: 'no' }]);
    const leases = await stores.queue.receive(NOW);
    expect(leases.map(({ id, body, attempt }) => ({ id, body, attempt }))).toEqual([
      { id: 'retire/d/v', body: { kind: 'retire', tenant: 't', document: 'd', version: 'v' }, attempt: 1 },
      { id: 'erase', body: { kind: 'erase' }, attempt: 1 },
      { id: 'tidy', body: { kind: 'tidy' }, attempt: 1 },
    ]);
    for (const { receipt } of leases) await stores.queue.done(receipt);
    await stores.queue.discard('ingest/e/w');
    await stores.close();

    const environment = await openDataDirectory(directory);
    expect(entriesOf(environment)).toBe(0);
    await environment.close();
    stores = await open(directory);
    expect(await stores.queue.counts()).toEqual({ waiting: 0, leased: 0, dead: 0 });
  });

  it('do not keep to leases of the process that had the directory before', async () => {
    stores = await open(directory);
    await stores.queue.send([{ id: 'a', body: {} }]);
    await stores.queue.receive({ ...NOW, leaseMs: 3_600_000 });
    await stores.close();
    stores = await open(directory);
    expect(await stores.queue.receive(NOW)).toMatchObject([{ id: 'a', attempt: 2, ranOut: true }]);
  });
});

describe('a catalog whose rows are not those of the last stop', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'blockrag-owned-'));
    const stores = await open(directory);
    await stores.table.write([{ put: { partition: 'p', sort: 's', data: { text: 'the ferry at nine' } } }]);
    await stores.close();
    const file = join(directory, 'catalog/data.mdb');
    const bytes = await readFile(file);
    for (let at = bytes.indexOf('ferry'); at >= 0; at = bytes.indexOf('ferry', at + 1)) bytes[at]! ^= 1;
    await writeFile(file, bytes);
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is refused where no process owns it', async () => {
    await expect(open(directory)).rejects.toMatchObject({ code: 'storage_failed' });
    await expect(openDataDirectory(directory)).rejects.toMatchObject({ code: 'storage_failed' });
  });

  it('is not read through beside its owner, which has done so', async () => {
    await tellOwner(join(directory, 'catalog'), {
      ...{ pid: process.pid, startTime: startTimeOf(process.pid)!, host: hostId() },
      ...{ command: 'serve', heartbeat: Date.now() },
    });
    await expect(open(directory)).rejects.toMatchObject({ code: 'data_directory_in_use' });
    await (await openDataDirectory(directory)).close();
  });
});

it('a data directory cannot be entered by other users', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'blockrag-modes-'));
  const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
  const fresh = join(parent, 'fresh');
  await (await open(fresh)).close();
  expect(await modeOf(fresh)).toBe(0o700);
  await chmod(fresh, 0o755);
  await (await open(fresh)).close();
  expect(await modeOf(fresh)).toBe(0o750);
  await rm(parent, { recursive: true });
});
