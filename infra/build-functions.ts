/**
 * Makes what is deployed: artifacts/ARTIFACT/ (bundles and the packages that they load), and a zip of each on demand.
 * Usage: npm run build:functions -- [--arch x64|arm64] [--zip] [--out DIRECTORY] [ARTIFACT...]
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ARCHITECTURES, ARTIFACTS, type Architecture, type Artifact } from './artifact/artifacts.ts';
import { bundle } from './artifact/bundle.ts';
import { copyPackages } from './artifact/packages.ts';
import { zipFolder } from './artifact/zip.ts';

const ROOT = resolve(import.meta.dirname, '..');
const MB = 1_000_000;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { arch: { type: 'string' }, zip: { type: 'boolean' }, out: { type: 'string' } },
    allowPositionals: true,
  });
  const architecture = ARCHITECTURES.find((known) => known === (values.arch ?? process.arch));
  if (architecture === undefined) throw new Error(`--arch is one of ${ARCHITECTURES.join(', ')}`);
  const names = ARTIFACTS.map(({ name }) => name);
  const unknown = positionals.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`${unknown} is none of ${names.join(', ')}`);
  const chosen = ARTIFACTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const out = resolve(values.out ?? join(ROOT, 'artifacts'));
  for (const artifact of chosen) await make(artifact, out, architecture, values.zip === true);
}

async function make(
  { name, entries }: Artifact,
  out: string,
  architecture: Architecture,
  zip: boolean,
): Promise<void> {
  const folder = join(out, name);
  const file = `${folder}.zip`;
  await rm(folder, { recursive: true, force: true });
  await rm(file, { force: true });
  const packages = await bundle({ root: ROOT, entries, out: folder });
  await copyPackages(ROOT, packages, folder, architecture);
  const sizes = [`bundles ${await size(folder, false)} MB`, `all ${await size(folder, true)} MB`];
  if (zip) {
    await zipFolder(folder, file);
    sizes.push(`zip ${((await stat(file)).size / MB).toFixed(1)} MB`);
  }
  process.stdout.write(`${folder}: linux ${architecture}, ${sizes.join(', ')}\n`);
}

/** Megabytes of the files in a folder, or in all folders below it. */
async function size(folder: string, recursive: boolean): Promise<string> {
  const entries = await readdir(folder, { recursive, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const stats = await Promise.all(files.map(({ parentPath, name }) => stat(join(parentPath, name))));
  return (stats.reduce((sum, file) => sum + file.size, 0) / MB).toFixed(1);
}

main().catch((error: Error) => {
  process.stderr.write(`build: ${error.message}\n`);
  process.exitCode = 1;
});
