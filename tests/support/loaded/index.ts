/** What a command of the product loads: packages and native libraries. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const BLOCKRAG = join(import.meta.dirname, '../../../functions/cli/blockrag.js');
const RECORD = pathToFileURL(join(import.meta.dirname, 'record.js')).href;

export interface Loaded {
  stdout: string;
  /** Names of packages, sorted; tsx and esbuild, through which TypeScript runs here, are left out. */
  packages: string[];
  /** Names of the packages whose native libraries were loaded, sorted. */
  libraries: string[];
}

/** Runs a command to its end, which must be a good one. */
export async function loadedBy(args: readonly string[]): Promise<Loaded> {
  const folder = mkdtempSync(join(tmpdir(), 'blockrag-loaded-'));
  const file = join(folder, 'loaded.json');
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', RECORD, BLOCKRAG, ...args], {
      env: { ...process.env, LOADED: file },
    });
    const found = JSON.parse(readFileSync(file, 'utf8')) as { modules: string[]; libraries: string[] };
    const packages = new Set(found.modules.flatMap((path) => packageOf(path) ?? []));
    const libraries = new Set(found.libraries.flatMap((path) => packageOf(path) ?? []));
    for (const name of libraries) packages.add(name);
    for (const tool of ['tsx', 'esbuild', 'get-tsconfig']) packages.delete(tool);
    return {
      stdout,
      packages: [...packages].sort(),
      libraries: [...libraries].sort(),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function packageOf(path: string): string | undefined {
  return /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
}
