import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPromise } from 'yauzl';
import { temporaryFolder } from '../../../support/models.ts';

const FILES = { 'query.mjs': 'b', 'node_modules/p/a.js': 'a', 'kernels.wasm': '\0asm' };

/** Packs the files, in that order and time zone; SHA-256 of the zip and its path. */
async function pack(names: readonly string[], zone: string): Promise<{ file: string; sha256: string }> {
  const folder = join(await temporaryFolder(), 'files');
  for (const name of names) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), FILES[name as keyof typeof FILES], {
      mode: zone === 'UTC' ? 0o600 : 0o644,
    });
    await utimes(join(folder, name), new Date(), new Date(Date.now() - names.indexOf(name) * 86_400_000));
  }
  const file = `${folder}.zip`;
  const module = new URL('../../../../infra/artifact/zip.ts', import.meta.url).href;
  const code = `const { zipFolder } = await import('${module}'); await zipFolder('${folder}', '${file}');`;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', code];
  execFileSync(process.execPath, args, { env: { ...process.env, TZ: zone } });
  return {
    file,
    sha256: createHash('sha256')
      .update(await readFile(file))
      .digest('hex'),
  };
}

describe('zipFolder', () => {
  it('makes the same bytes of the same files, whatever their order, age, mode and time zone', async () => {
    const names = Object.keys(FILES);
    const one = await pack(names, 'UTC');
    const other = await pack([...names].reverse(), 'Pacific/Auckland');
    expect(other.sha256).toBe(one.sha256);
  });

  it('makes a zip with every file, readable for all', async () => {
    const { file } = await pack(Object.keys(FILES), 'UTC');
    const zip = await openPromise(file, { autoClose: false });
    const seen: Record<string, string> = {};
    for await (const entry of zip.eachEntry()) {
      expect((entry.externalFileAttributes >>> 16) & 0o777).toBe(0o644);
      const chunks: Buffer[] = [];
      for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
      seen[entry.fileName] = Buffer.concat(chunks).toString();
    }
    zip.close();
    expect(seen).toEqual(FILES);
    expect(Object.keys(seen)).toEqual(Object.keys(FILES).sort());
  });
});
