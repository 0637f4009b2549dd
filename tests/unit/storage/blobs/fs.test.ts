import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryName } from '../../../../shared/files/temporary.ts';
import { openFsBlobStore } from '../../../../shared/storage/blobs/fs.ts';
import { start } from '../../../support/children/start.ts';

describe('file blob store', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'blockrag-blobs-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('has no torn object and no temporary file after a kill in the middle of puts', async () => {
    const child = start('put-blobs.ts', directory);
    await child.printed(40);
    await child.kill();
    // What a kill between write and link leaves for certain, whenever the one above came.
    await writeFile(
      join(directory, '.tmp', `${temporaryName().slice(0, 8)}-${child.pid}-1-${Date.now()}-0123456789ab.tmp`),
      'half an obj',
    );
    await writeFile(join(directory, '.tmp', `${child.pid}~1~0b7e6c1a`), 'half an obj of an earlier version');

    const store = await openFsBlobStore(directory);
    expect(await readdir(join(directory, '.tmp'))).toEqual([]);
    const keys: string[] = [];
    for await (const { key } of store.list('')) {
      const number = Number(key.split('/')[1]);
      const object = await store.get(key);
      expect(Buffer.from(object!).equals(Buffer.alloc(300_000 + number, number & 255))).toBe(true);
      keys.push(key);
    }
    expect(child.lines.length).toBeGreaterThanOrEqual(40);
    expect(keys).toEqual(expect.arrayContaining(child.lines));
  });

  it('leaves the temporary files of a living process alone', async () => {
    const child = start('put-blobs.ts', directory);
    await child.printed(1);
    for (let i = 0; i < 20; i++) await openFsBlobStore(directory);
    const before = child.lines.length;
    await child.printed(before + 20);
    await child.kill();
    expect(child.lines.length).toBeGreaterThanOrEqual(before + 20);
  });

  it('lets several stores on one directory race for a key with one winner', async () => {
    const stores = await Promise.all(Array.from({ length: 5 }, () => openFsBlobStore(directory)));
    const put = (store: (typeof stores)[number]) => store.put('new/folder/key', new Uint8Array(10_000));
    const results = await Promise.all(stores.map(put));
    expect(results.filter(Boolean)).toHaveLength(1);
  });

  it('keeps nothing but the object on the disk', async () => {
    const store = await openFsBlobStore(directory);
    await store.put('t/key', new TextEncoder().encode('content'));
    await store.put('t/key', new TextEncoder().encode('other'));
    await store.put('t/key', new TextEncoder().encode('healed'), { replace: true });
    expect(await readdir(join(directory, '.tmp'))).toEqual([]);
    expect(await readdir(join(directory, 'objects/t'))).toEqual(['key@']);
    expect(await readFile(join(directory, 'objects/t/key@'), 'utf8')).toBe('healed');
  });

  it('refuses a segment that is too long for a file name', async () => {
    const store = await openFsBlobStore(directory);
    expect(await store.put('s'.repeat(200), new Uint8Array(1))).toBe(true);
    const long = store.put('s'.repeat(201), new Uint8Array(1));
    await expect(long).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('says storage_failed, with the system code, where it cannot store', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    const failed = { code: 'storage_failed', data: { code: 'ENOTDIR' } };
    await expect(openFsBlobStore(join(file, 'store'))).rejects.toMatchObject(failed);
  });
});
