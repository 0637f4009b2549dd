import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backUp, restore } from '../../../shared/stores/backup.ts';
import { openEmbeddedStores } from '../../../shared/stores/embedded.ts';
import type { Stores } from '../../../shared/stores/stores.ts';

const never = new AbortController().signal;
const bytes = (text: string) => new TextEncoder().encode(text);
const row = (sort: string) => ({ partition: 'p', sort, data: { sort } });
const open = (directory: string) => openEmbeddedStores(directory, { command: 'test' });

let parent: string;
let data: string;
let backup: string;
let stores: Stores;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'blockrag-backup-'));
  [data, backup] = [join(parent, 'data'), join(parent, 'backup')];
  stores = await open(data);
  await stores.table.putMany([row('a'), row('b')]);
  await stores.blobs.put('originals/t/d/v', bytes('The ferry.'));
});
afterEach(async () => {
  await stores.close();
  await rm(parent, { recursive: true });
});

describe('a backup', () => {
  it('is taken while the directory is in use, and is not changed by what comes after', async () => {
    const report = await backUp(data, backup, never);
    expect(report.files).toBeGreaterThan(1);
    await stores.table.putMany([row('c')]);
    await stores.blobs.delete('originals/t/d/v');
    await stores.blobs.put('originals/t/e/v', bytes('Later.'));
    const other = join(parent, 'other');
    expect(await restore(backup, other, never)).toEqual(report);
    const restored = await open(other);
    const { rows } = await restored.table.query('p');
    expect(rows.map(({ sort }) => sort)).toEqual(['a', 'b']);
    expect(await restored.blobs.get('originals/t/d/v')).toEqual(bytes('The ferry.'));
    expect(await restored.blobs.has('originals/t/e/v')).toBe(false);
    await restored.close();
  });

  it('has all that its catalog knows of, while documents come and go', async () => {
    let working = true;
    let begun = () => {};
    const some = new Promise<void>((resolve) => (begun = resolve));
    const work = (async () => {
      for (let n = 0; working; n++) {
        if (n === 3) begun();
        await stores.blobs.put(`originals/t/d${n}/v`, bytes(`Document ${n}.`));
        await stores.table.putMany([row(`d${n}`)]);
        if (n < 3) continue;
        await stores.table.write([{ delete: { partition: 'p', sort: `d${n - 3}` } }]);
        await stores.blobs.delete(`originals/t/d${n - 3}/v`);
      }
    })();
    await some;
    await backUp(data, backup, never);
    working = false;
    await work;
    const other = join(parent, 'other');
    await restore(backup, other, never);
    const restored = await open(other);
    const { rows } = await restored.table.query('p', { prefix: 'd' });
    expect(rows.length).toBeGreaterThan(0);
    for (const { sort } of rows) expect(await restored.blobs.has(`originals/t/${sort}/v`), sort).toBe(true);
    await restored.close();
  });

  it('is refused where something is, and where there is nothing to copy', async () => {
    await expect(backUp(data, data, never)).rejects.toMatchObject({ code: 'invalid_option' });
    const nothing = backUp(join(parent, 'nothing'), backup, never);
    await expect(nothing).rejects.toMatchObject({ code: 'invalid_option' });
    expect(existsSync(backup)).toBe(false);
  });
});

describe('restoring', () => {
  it('refuses a damaged backup, one that is not whole, and a directory that holds something', async () => {
    await backUp(data, backup, never);
    const other = join(parent, 'other');
    await expect(restore(backup, data, never)).rejects.toMatchObject({ code: 'invalid_option' });
    const [catalog] = (await readdir(join(backup, 'data/catalog'))).filter((name) => name.endsWith('.mdb'));
    await appendFile(join(backup, 'data/catalog', catalog!), 'x');
    await expect(restore(backup, other, never)).rejects.toMatchObject({ code: 'storage_failed' });
    await writeFile(join(backup, 'manifest.json'), '{"format":1,"files":[{"path":"../x"}]}');
    await expect(restore(backup, other, never)).rejects.toMatchObject({ code: 'invalid_option' });
    expect(existsSync(other)).toBe(false);
  });
});
