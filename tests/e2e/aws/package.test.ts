import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, readdir, readFile, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ARTIFACTS } from '../../../infra/artifact/artifacts.ts';
import { temporaryFolder } from '../../support/models.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const NAMES = ARTIFACTS.map(({ name }) => name);
const ENTRIES = ARTIFACTS.flatMap(({ name, entries }) => Object.keys(entries).map((entry) => [name, entry]));

/** Nowhere to go for npm, pip or anything that minds a proxy. */
const OFFLINE = {
  https_proxy: 'http://127.0.0.1:9',
  http_proxy: 'http://127.0.0.1:9',
  npm_config_offline: 'true',
};

let tree: string;
/** The artifacts, away from the project's node_modules. */
let artifacts: string;

const packageTree = (out: string) =>
  execFileSync('npm', ['run', '--silent', 'build:functions', '--', '--zip', '--out', out], {
    cwd: tree,
    env: { ...process.env, ...OFFLINE },
    encoding: 'utf8',
  });

beforeAll(async () => {
  tree = await temporaryFolder();
  for (const name of ['package.json', '.npmrc', 'tsconfig.json', 'functions', 'shared', 'infra']) {
    await cp(join(ROOT, name), join(tree, name), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  artifacts = await temporaryFolder();
  packageTree(artifacts);
});

const hash = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

/** Runs code in a process of its own that finds only what the artifact has. */
const runIn = (artifact: string, code: string) =>
  execFileSync(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: join(artifacts, artifact),
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: artifacts, AWS_REGION: 'us-east-1' },
  }).trim();

describe('npm run build:functions', () => {
  it.each(ENTRIES)('makes a bundle %s/%s.mjs that loads', (artifact, name) => {
    // Some open their stores as they load, and get as far as the settings that are not here.
    const code = `
      const loaded = await import('./${name}.mjs').then(({ handler }) => typeof handler, ({ code }) => code);
      process.stdout.write(loaded);
      process.exit();`;
    expect(['function', 'invalid_option']).toContain(runIn(artifact, code));
  });

  it.each(NAMES)('brings the native libraries of %s, for this platform and no other', (name) => {
    const code = `
      const { InferenceSession } = await import('onnxruntime-node');
      const { connect } = await import('@lancedb/lancedb');
      process.stdout.write([typeof InferenceSession.create, typeof connect].join());`;
    expect(runIn(name, code)).toBe('function,function');
    const platforms = join(artifacts, name, 'node_modules/onnxruntime-node/bin/napi-v6');
    return expect(readdir(platforms)).resolves.toEqual(['linux']);
  });

  it.each(NAMES)('lays the workers and the kernels of %s at its root, and nothing embedded', async (name) => {
    const files = await readdir(join(artifacts, name));
    expect(files).toEqual(
      expect.arrayContaining([
        'attention-worker.mjs',
        'retrieval-embedder-worker.mjs',
        'retrieval-reranker-worker.mjs',
        'kernels.wasm',
      ]),
    );
    expect(existsSync(join(artifacts, name, 'node_modules/lmdb'))).toBe(false);
    expect(existsSync(join(artifacts, name, 'node_modules/tsx'))).toBe(false);
  });

  it('makes the same zip of the same sources', async () => {
    const again = await temporaryFolder();
    packageTree(again);
    for (const name of NAMES) {
      expect(await hash(join(again, `${name}.zip`))).toBe(await hash(join(artifacts, `${name}.zip`)));
    }
  });
});
