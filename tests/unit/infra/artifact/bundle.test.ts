import { execFileSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundle } from '../../../../infra/artifact/bundle.ts';
import { temporaryFolder } from '../../../support/models.ts';

/** A project of these files; what it prints when a bundle of it runs, away from the sources. */
async function project(files: Record<string, string>): Promise<string> {
  const root = await temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

const runBundle = (file: string) => execFileSync(process.execPath, [file], { encoding: 'utf8' }).trim();

const WORKER_STARTER = `
import { Worker } from 'node:worker_threads';
/** @example new Worker(new URL('./no-such-file.ts', import.meta.url)) */
new Worker(new URL('./worker.ts', import.meta.url)).on('message', (text: string) => process.stdout.write(text));
`;

describe('bundle', () => {
  it('makes a bundle of each entry and of each worker thread, even one that a worker starts', async () => {
    const root = await project({
      'functions/a/handler.ts': `import '../../shared/first/starter.ts';`,
      'shared/first/starter.ts': WORKER_STARTER,
      'shared/first/worker.ts': `
        import { Worker, parentPort } from 'node:worker_threads';
        const inner = new Worker(new URL('../second/worker.ts', import.meta.url));
        inner.on('message', (text: string) => parentPort!.postMessage(text + ' heard'));`,
      'shared/second/worker.ts': `
        import { parentPort } from 'node:worker_threads';
        parentPort!.postMessage('said');`,
    });
    const out = join(await temporaryFolder(), 'out');
    expect(await bundle({ root, entries: { a: 'functions/a/handler.ts' }, out })).toEqual([]);
    const names = (await readdir(out)).filter((name) => !name.startsWith('chunk-'));
    expect(names.sort()).toEqual(['a.mjs', 'first-worker.mjs', 'second-worker.mjs']);
    expect(runBundle(join(out, 'a.mjs'))).toBe('said heard');
  });

  it('lays a file that code reads beside itself at the root', async () => {
    const root = await project({
      'functions/a/handler.ts': `
        import { readFileSync } from 'node:fs';
        process.stdout.write(readFileSync(new URL('../../shared/kv/kernels.wasm', import.meta.url)));`,
      'shared/kv/kernels.wasm': 'machine code',
    });
    const out = await temporaryFolder();
    await bundle({ root, entries: { a: 'functions/a/handler.ts' }, out });
    expect(runBundle(join(out, 'a.mjs'))).toBe('machine code');
  });

  it('lays a folder that code reads beside itself at the root, with all that is in it', async () => {
    const root = await project({
      'functions/a/handler.ts': `
        import { readFileSync } from 'node:fs';
        const folder = new URL('../../shared/model/adapters/', import.meta.url);
        process.stdout.write(readFileSync(new URL('small/a.json', folder)));`,
      'shared/model/adapters/small/a.json': 'an adapter',
    });
    const out = await temporaryFolder();
    await bundle({ root, entries: { a: 'functions/a/handler.ts' }, out });
    expect(runBundle(join(out, 'a.mjs'))).toBe('an adapter');
  });

  it('names the packages that are loaded at run time, and keeps dynamic imports lazy', async () => {
    const root = await project({
      'functions/a/handler.ts': `
        const open = { aws: () => import('apache-arrow'), embedded: () => import('../../shared/lmdb.ts') };
        process.stdout.write(Object.keys(open).join());`,
      'shared/lmdb.ts': `import { open } from 'lmdb'; export { open };`,
    });
    const out = await temporaryFolder();
    const packages = await bundle({ root, entries: { a: 'functions/a/handler.ts' }, out });
    // lmdb is the embedded default's, and never there on AWS.
    expect(packages).toEqual(['apache-arrow']);
    expect(runBundle(join(out, 'a.mjs'))).toBe('aws,embedded');
  });

  it('refuses a worker that is not there, and two files of one name', async () => {
    const missing = await project({ 'functions/a/handler.ts': WORKER_STARTER });
    const options = { entries: { a: 'functions/a/handler.ts' }, out: await temporaryFolder() };
    await expect(bundle({ root: missing, ...options })).rejects.toThrow('worker.ts, which is not there');
    const twice = await project({
      'functions/a/handler.ts': `
        new URL('./one/x.wasm', import.meta.url);
        new URL('./two/x.wasm', import.meta.url);`,
      'functions/a/one/x.wasm': '1',
      'functions/a/two/x.wasm': '2',
    });
    await expect(bundle({ root: twice, ...options })).rejects.toThrow('are both x.wasm');
  });
});
