/** A cache folder of its own for each test of the model sources. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';

/** Makes the folder before each test and removes it after; $BLOCKRAG_CACHE is its `cache`. */
export function useWorkspace(): { readonly folder: string; cached(): Promise<string[]> } {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'blockrag-sources-'));
    vi.stubEnv('BLOCKRAG_CACHE', join(folder, 'cache'));
    for (const name of ['HF_ENDPOINT', 'HF_TOKEN', 'BLOCKRAG_PYTHON']) vi.stubEnv(name, undefined);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });
  return {
    get folder() {
      return folder;
    },
    /** The files in the cache, relative to it. */
    async cached() {
      const entries = await readdir(join(folder, 'cache'), { recursive: true, withFileTypes: true }).catch(
        () => [],
      );
      const files = entries.filter((entry) => !entry.isDirectory());
      return files
        .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, 'cache').length + 1))
        .sort();
    },
  };
}

export const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

/** Fetches a reference in a process of its own, with this process's environment. */
export function fetchInProcess(reference: string) {
  const script = new URL('./fetch-once.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, reference], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  const ended = new Promise<string>((resolve) => child.on('close', () => resolve(output)));
  return { child, ended };
}
