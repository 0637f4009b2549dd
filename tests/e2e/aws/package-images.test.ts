import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAdapter, shippedAdapter } from '../../../shared/model/adapter.ts';
import { DEFAULT_MODEL } from '../../../shared/model/sources/index.ts';
import { buildStage, runStage } from '../../support/aws/build-stage.ts';
import { temporaryFolder } from '../../support/models.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const dockerfile = (name: string) => join(ROOT, `infra/docker/${name}.Dockerfile`);

describe('the image of the functions', () => {
  let workdir: string;
  let cache: string;
  beforeAll(async () => {
    const folder = await temporaryFolder();
    workdir = join(folder, 'build');
    cache = join(folder, 'cache');
    await mkdir(workdir);
    const environment = { ...process.env, BLOCKRAG_CACHE: cache };
    await runStage(await buildStage(dockerfile('functions')), { context: ROOT, workdir, environment });
  }, 600_000);
  // The steps take the right to write away, without which the folder cannot be removed.
  afterAll(async () => {
    for (const entry of await readdir(cache, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o755);
    }
  });

  it('has the handlers', async () => {
    const files = await readdir(join(workdir, 'artifacts/functions'));
    expect(files).toEqual(expect.arrayContaining(['query.mjs', 'ingest.mjs', 'precompute.mjs', 'sweep.mjs']));
  });

  it('has the adapter beside the bundles, by which they find the compiled model', () => {
    const shipped = relative(join(ROOT, 'shared/model'), shippedAdapter(DEFAULT_MODEL));
    expect(existsSync(join(workdir, 'artifacts/functions', shipped))).toBe(true);
  });

  it('has the model compiled with its adapter, and needs no network for it', async () => {
    const blockrag = join(workdir, 'functions/cli/blockrag.js');
    const env = {
      ...process.env,
      BLOCKRAG_CACHE: cache,
      BLOCKRAG_ADAPTER: 'shipped',
      https_proxy: 'http://127.0.0.1:9',
      PIP_NO_INDEX: '1',
    };
    const compile = [blockrag, 'model', 'compile', '--json'];
    const made = JSON.parse(execFileSync(process.execPath, compile, { env }).toString());
    const { adapter, compute, directory } = made;
    expect(compute).toBe('w8a8');
    expect(adapter.sha256).toBe((await readAdapter(shippedAdapter(DEFAULT_MODEL))).sha256);
    expect(directory.startsWith(join(cache, 'compiled'))).toBe(true);
    expect(existsSync(join(cache, 'downloads'))).toBe(false);
  });

  it('has a cache that everybody reads and nobody writes', async () => {
    for (const entry of await readdir(cache, { recursive: true, withFileTypes: true })) {
      const { mode } = await stat(join(entry.parentPath, entry.name));
      expect(mode & 0o222, entry.name).toBe(0);
      expect(mode & 0o444, entry.name).toBe(0o444);
    }
  });
});

describe('the image of the Batch worker', () => {
  it('is built as that of the functions, with the CUDA provider and its own artifact', async () => {
    const texts = async (name: string) => (await buildStage(dockerfile(name))).map(({ text }) => text);
    const expected = (await texts('functions')).flatMap((text) => {
      if (text.endsWith('install.sh')) return [text, 'infra/docker/steps/cuda.sh'];
      return [text.replace('package.sh functions', 'package.sh precompute')];
    });
    expect(await texts('precompute')).toEqual(expected);
  });
});

describe('the images', () => {
  it('run as nobody', async () => {
    for (const name of ['functions', 'precompute']) {
      expect(await readFile(dockerfile(name), 'utf8')).toMatch(/^USER 65534:65534$/m);
    }
  });
});
