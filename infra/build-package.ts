/**
 * Makes the npm package in dist/: the command line and the library as JavaScript with declarations, and the files
 * that code reads beside itself. Nothing is bundled, and nothing of it needs tsx.
 * Usage: npm run build -- [--out DIRECTORY]
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CONSOLE, writeConsole } from './console/build.ts';

const ROOT = resolve(import.meta.dirname, '..');
/** The command itself: JavaScript already, which tsc leaves alone. */
const COMMAND = 'functions/cli/blockrag.js';
/** `new URL('./x', import.meta.url)` in code, not in a comment. */
const BESIDE = /^(?!\s*\*)(.*new URL\(['"])(\.{1,2}\/[^'"]+)(['"], import\.meta\.url\))/gm;
/** What tsc leaves in declarations: it rewrites `./x.ts` to `./x.js` in JavaScript only. */
const IMPORT = /(from |import\()(['"])(\.{1,2}\/[^'"]+)\.ts\2/g;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  const out = resolve(values.out ?? join(ROOT, 'dist'));
  await rm(out, { recursive: true, force: true });
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  const project = ['--project', join(ROOT, 'tsconfig.build.json'), '--outDir', out];
  execFileSync(process.execPath, [tsc, ...project], { stdio: 'inherit' });
  await writeConsole(join(out, CONSOLE));
  await copyFile(join(ROOT, COMMAND), join(out, COMMAND));
  for (const path of await readdir(out, { recursive: true })) {
    const file = join(out, path);
    if (path.startsWith(CONSOLE)) continue;
    if (path.endsWith('.d.ts')) await rewrite(file, (code) => code.replace(IMPORT, '$1$2$3.js$2'));
    else if (path.endsWith('.js')) await placeBeside(file, out);
  }
}

/** Lets a module find what it names beside itself: workers are .js files here, all else is copied. */
async function placeBeside(module: string, out: string): Promise<void> {
  const copies: string[] = [];
  await rewrite(module, (code) =>
    code.replace(BESIDE, (_, before: string, target: string, after: string) => {
      const compiled = target.replace(/\.ts$/, '.js');
      const file = resolve(dirname(module), compiled);
      const source = join(ROOT, relative(out, file));
      if (compiled === target && existsSync(source)) copies.push(source);
      else if (!existsSync(file)) throw new Error(`${module} names ${file}, which is not there`);
      return `${before}${compiled}${after}`;
    }),
  );
  for (const source of copies) await cp(source, join(out, relative(ROOT, source)), { recursive: true });
}

async function rewrite(file: string, change: (code: string) => string): Promise<void> {
  const code = await readFile(file, 'utf8');
  const changed = change(code);
  if (changed !== code) await writeFile(file, changed);
}

main().catch((error: Error) => {
  process.stderr.write(`build: ${error.message}\n`);
  process.exitCode = 1;
});
