import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cached } from '../../../../shared/storage/blobs/cached.ts';
import { openFsBlobStore } from '../../../../shared/storage/blobs/fs.ts';
import { blobStoreContract } from '../../../../shared/storage/contracts/blob-store.ts';
import type { BlobStore } from '../../../../shared/storage/ports.ts';
import { describeContract } from '../../../support/contract.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blockrag-cached-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const openBefore = async () => {
  const root = await mkdtemp(join(tmpdir(), 'blockrag-cached-test-'));
  const store = await cached(await openFsBlobStore(join(root, 'store')), { limit: 4096, folder: root });
  return { store, close: () => rm(root, { recursive: true, force: true }) };
};
describeContract('a cache before a store blob store', blobStoreContract(openBefore));

describe('a cache of 1,000 bytes', () => {
  let distant: BlobStore;
  let reads: string[];
  let store: BlobStore;
  beforeEach(async () => {
    distant = await openFsBlobStore(join(folder, 'store'));
    reads = [];
    const get = distant.get.bind(distant);
    distant.get = (key) => {
      reads.push(key);
      return get(key);
    };
    store = await cached(distant, { limit: 1000, folder });
  });
  afterEach(() => store.close());

  const files = async () => {
    const [directory] = (await readdir(folder)).filter((name) => name.startsWith('blockrag-blobs.'));
    return (await readdir(join(folder, directory!))).map((name) => join(folder, directory!, name));
  };
  const bytesKept = async () =>
    (await Promise.all((await files()).map((file) => stat(file)))).reduce((sum, { size }) => sum + size, 0);

  it('asks the store once for a blob', async () => {
    await distant.put('kv/a', new Uint8Array(400).fill(7));
    expect(await store.get('kv/a')).toEqual(new Uint8Array(400).fill(7));
    expect(await store.get('kv/a')).toEqual(new Uint8Array(400).fill(7));
    expect(reads).toEqual(['kv/a']);
  });

  it('gives a buffer that can be moved to a thread, each time another', async () => {
    await distant.put('kv/a', new Uint8Array(10));
    await store.get('kv/a');
    const [one, two] = [(await store.get('kv/a'))!, (await store.get('kv/a'))!];
    structuredClone(one, { transfer: [one.buffer] });
    expect(two).toHaveLength(10);
    expect(two.buffer.byteLength).toBe(10);
  });

  it('stays under its limit, and lets the least used go', async () => {
    for (const name of ['a', 'b', 'c']) {
      await distant.put(`kv/${name}`, new Uint8Array(400));
      if (name === 'c') await store.get('kv/a');
      await store.get(`kv/${name}`);
      expect(await bytesKept()).toBeLessThanOrEqual(1000);
    }
    reads.length = 0;
    await store.get('kv/a');
    await store.get('kv/b');
    expect(reads).toEqual(['kv/b']);
  });

  it('stays under its limit while many read at once', async () => {
    const keys = Array.from({ length: 40 }, (_, i) => `kv/${i}`);
    for (const key of keys) await distant.put(key, new Uint8Array(150));
    const found = await Promise.all(keys.map((key) => store.get(key)));
    expect(found.every((blob) => blob?.length === 150)).toBe(true);
    expect(await bytesKept()).toBeLessThanOrEqual(1000);
  });

  it('does not keep originals, nor what is larger than all of it', async () => {
    await store.put('originals/a', new Uint8Array(10));
    await store.put('kv/large', new Uint8Array(2000));
    await store.get('originals/a');
    await store.get('kv/large');
    expect(await files()).toEqual([]);
  });

  it('forgets what is deleted or replaced', async () => {
    await store.put('kv/a', new Uint8Array(10).fill(1));
    await store.put('kv/a', new Uint8Array(10).fill(2), { replace: true });
    expect(await store.get('kv/a')).toEqual(new Uint8Array(10).fill(2));
    await store.delete('kv/a');
    expect(await store.get('kv/a')).toBeUndefined();
  });

  it('asks the store again when a file is gone', async () => {
    await store.put('kv/a', new Uint8Array(10).fill(1));
    for (const file of await files()) await rm(file);
    expect(await store.get('kv/a')).toEqual(new Uint8Array(10).fill(1));
    expect(reads).toEqual(['kv/a']);
  });

  it('removes what a killed process has left, and nothing of one that lives', async () => {
    const own = (await readdir(folder)).find((name) => name.startsWith('blockrag-blobs.'))!;
    const left = own.replace(/-\d+-\w+-/, `-${spawnSync(process.execPath, ['-e', '']).pid}-1-`);
    await mkdir(join(folder, left));
    await (await cached(distant, { limit: 1000, folder })).close();
    expect((await readdir(folder)).sort()).toEqual([own, 'store']);
  });

  it('leaves nothing behind when it is closed', async () => {
    await store.put('kv/a', new Uint8Array(10));
    await writeFile(join(folder, 'other'), '');
    await store.close();
    expect((await readdir(folder)).sort()).toEqual(['other', 'store']);
  });
});
