import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyPackages } from '../../../../infra/artifact/packages.ts';
import { temporaryFolder } from '../../../support/models.ts';

/** A project with these files in node_modules. */
async function installed(files: Record<string, string>): Promise<string> {
  const root = await temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, 'node_modules', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return root;
}

async function copied(out: string): Promise<string[]> {
  const entries = await readdir(out, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(join(out, 'node_modules/').length))
    .sort();
}

describe('copyPackages', () => {
  it('takes what a package depends on, each version where its dependent finds it, and no types', async () => {
    const root = await installed({
      'a/package.json': '{ "dependencies": { "b": "1", "c": "1", "@types/node": "20" } }',
      'a/index.js': '',
      'a/index.d.ts': '',
      'a/index.js.map': '',
      'a/README.md': '',
      'a/LICENSE.txt': '',
      'a/node_modules/c/package.json': '{}',
      'a/node_modules/c/old.js': '',
      'b/package.json': '{ "dependencies": { "c": "2", "a": "1" } }',
      'c/package.json': '{}',
      'c/new.mjs': '',
      'unused/package.json': '{}',
    });
    const out = await temporaryFolder();
    await copyPackages(root, ['a'], out, 'x64');
    expect(await copied(out)).toEqual([
      'a/LICENSE.txt',
      'a/index.js',
      'a/node_modules/c/old.js',
      'a/node_modules/c/package.json',
      'a/package.json',
      'b/package.json',
      'c/new.mjs',
      'c/package.json',
    ]);
  });

  it.each(['x64', 'arm64'] as const)('takes the native libraries of linux %s alone', async (architecture) => {
    const other = architecture === 'x64' ? 'arm64' : 'x64';
    const root = await installed({
      'onnxruntime-node/package.json': '{ "dependencies": { "adm-zip": "0" } }',
      'onnxruntime-node/dist/index.js': '',
      'onnxruntime-node/script/install.js': '',
      [`onnxruntime-node/bin/napi-v6/linux/${architecture}/libonnxruntime.so.1`]: '',
      [`onnxruntime-node/bin/napi-v6/linux/${architecture}/libonnxruntime_providers_cuda.so`]: '',
      [`onnxruntime-node/bin/napi-v6/linux/${architecture}/libonnxruntime_providers_tensorrt.so`]: '',
      [`onnxruntime-node/bin/napi-v6/linux/${other}/libonnxruntime.so.1`]: '',
      [`onnxruntime-node/bin/napi-v6/darwin/${architecture}/onnxruntime_binding.node`]: '',
      'adm-zip/package.json': '{}',
      '@lancedb/lancedb/package.json': '{}',
      [`@lancedb/lancedb-linux-${architecture}-gnu/package.json`]: '{}',
      [`@lancedb/lancedb-linux-${architecture}-gnu/lancedb.node`]: '',
    });
    const out = await temporaryFolder();
    await copyPackages(root, ['onnxruntime-node', '@lancedb/lancedb'], out, architecture);
    expect(await copied(out)).toEqual([
      `@lancedb/lancedb-linux-${architecture}-gnu/lancedb.node`,
      `@lancedb/lancedb-linux-${architecture}-gnu/package.json`,
      '@lancedb/lancedb/package.json',
      `onnxruntime-node/bin/napi-v6/linux/${architecture}/libonnxruntime.so.1`,
      `onnxruntime-node/bin/napi-v6/linux/${architecture}/libonnxruntime_providers_cuda.so`,
      'onnxruntime-node/dist/index.js',
      'onnxruntime-node/package.json',
    ]);
  });

  it('says how to install the library of another platform', async () => {
    const root = await installed({ '@lancedb/lancedb/package.json': '{}' });
    const copy = copyPackages(root, ['@lancedb/lancedb'], await temporaryFolder(), 'arm64');
    await expect(copy).rejects.toThrow('npm ci --os=linux --cpu=arm64');
  });
});
