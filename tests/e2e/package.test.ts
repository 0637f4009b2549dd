import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { PROJECT, runProcess } from '../support/product/command.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import {
  installNode,
  installPackages,
  type PackageRunner,
  packProject,
  runnerIn,
} from '../support/product/package.ts';

const EXAMPLES = ['library.mjs', 'openai.mjs'];
/** The newest LTS beside the Node that runs the tests. */
const NODES = ['this', '24'];

const folder = temporaryDirectory();
let files: string[];
beforeAll(async () => {
  const packed = await packProject(temporaryDirectory());
  files = packed.files;
  const { devDependencies } = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8'));
  const forExamples = ['openai', '@types/node'].map((name) => `${name}@${devDependencies[name]}`);
  await installPackages(folder, packed.tarball, ...forExamples);
  for (const name of EXAMPLES) await copyFile(join(PROJECT, 'tests/examples', name), join(folder, name));
}, 600_000);

describe('the npm package', () => {
  it('has JavaScript with its declarations, what code reads beside itself, and no TypeScript', () => {
    for (const entry of ['index', 'client/index', 'api/index', 'storage/index']) {
      expect(files).toContain(`dist/shared/${entry}.js`);
      expect(files).toContain(`dist/shared/${entry}.d.ts`);
    }
    expect(files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'dist/functions/cli/blockrag.js',
        'dist/functions/cli/samples/handbook.pdf',
        'dist/shared/kv/kernels.wasm',
        'dist/shared/model/adapters/smollm2-135m-instruct/adapter.safetensors',
      ]),
    );
    expect(files.filter((path) => /(?<!\.d)\.ts$/.test(path))).toEqual([]);
    expect(files.filter((path) => /^(tests|infra|docs)\//.test(path))).toEqual([]);
  });

  it.each(EXAMPLES)('is what %s takes it for, by its declarations', async (example) => {
    const tsc = join(PROJECT, 'node_modules/typescript/bin/tsc');
    // Declarations of other packages are theirs to check.
    const how = '--noEmit --allowJs --checkJs --strict --skipLibCheck --types node --target es2023';
    const args = [...how.split(' '), '--module', 'nodenext', example];
    expect(await runProcess([process.execPath, tsc, ...args], { cwd: folder })).toMatchObject({
      code: 0,
      stdout: '',
    });
  });
});

describe.each(NODES)('the npm package on Node (%s)', (version) => {
  let run: PackageRunner;
  beforeAll(async () => {
    const node = version === 'this' ? process.execPath : await installNode(temporaryDirectory(), version);
    run = runnerIn(folder, node);
  }, 300_000);

  it('has the command', async () => {
    const { code, stdout } = await run.blockrag('--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: blockrag/);
  });

  it('answers OpenAI’s client', async () => {
    const server = await run.serve('--data', temporaryDirectory());
    try {
      const finished = await run.node(['openai.mjs'], { BLOCKRAG_URL: server.url });
      expect(finished).toMatchObject({ code: 0, stderr: '' });
      expect(finished.stdout).toMatch(/noon[\s\S]*\n[1-9]\d* tokens came from the store\n$/);
    } finally {
      await server.stop();
    }
  });

  it('is a library', async () => {
    const finished = await run.node(['library.mjs']);
    expect(finished).toMatchObject({ code: 0 });
    // The default model with its adapter, which answers shortly.
    expect(finished.stdout).toBe('Tuesdays\nfrom ferry.md\n');
  });
});
