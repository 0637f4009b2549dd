/** Builds the Console (functions/console) by esbuild: for the package, for Lambda, and when a clone serves it. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';

const ROOT = resolve(import.meta.dirname, '../..');
const SOURCE = join(ROOT, 'functions/console');
/** Where code that was built looks for it, from the root. */
export const CONSOLE = 'shared/api/console/static';
/** What the viewer of PDF loads when a document needs it: fonts, character maps, decoders of images. */
const OF_PDF = ['cmaps', 'standard_fonts', 'wasm'];

/**
 * The Console's files by their paths from the page: index.html, and console/... with hashed names.
 * @throws Error of esbuild: an import that does not resolve, or a mistake of syntax
 */
export async function buildConsole(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const pdf = createRequire(import.meta.url).resolve('pdfjs-dist/package.json');
  const { version } = JSON.parse(await readFile(pdf, 'utf8')) as { version: string };
  const out = join(SOURCE, 'out');
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: {
      main: join(SOURCE, 'main.tsx'),
      style: join(SOURCE, 'styles/index.css'),
      icon: join(SOURCE, 'icon.svg'),
    },
    outdir: out,
    write: false,
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: ['es2022', 'chrome123', 'firefox121', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryNames: 'console/[name]-[hash]',
    chunkNames: 'console/[name]-[hash]',
    assetNames: 'console/[name]-[hash]',
    loader: { '.worker.min.mjs': 'file', '.svg': 'copy' },
    define: { PDF_FILES: JSON.stringify(`pdf-${version}/`) },
    logLevel: 'silent',
  });
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const { path, contents } of outputFiles)
    files.set(path.slice(out.length + 1), new Uint8Array(contents));
  for (const folder of OF_PDF) {
    for (const name of await readdir(join(dirname(pdf), folder))) {
      const bytes = new Uint8Array(await readFile(join(dirname(pdf), folder, name)));
      files.set(`console/pdf-${version}/${folder}/${name}`, bytes);
    }
  }
  const page = await readFile(join(SOURCE, 'index.html'), 'utf8');
  files.set('index.html', new TextEncoder().encode(withNames(page, [...files.keys()])));
  return files;
}

/** Writes the Console's files into a folder. */
export async function writeConsole(folder: string): Promise<void> {
  for (const [name, bytes] of await buildConsole()) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
}

/** The page with the hashed names of the files that it names: console/main.js -> console/main-3F2A.js */
function withNames(page: string, names: readonly string[]): string {
  return page.replace(/console\/(main|style|icon)\.(js|css|svg)/g, (_, name: string, ending: string) => {
    const found = names.find((path) => basename(path).startsWith(`${name}-`) && path.endsWith(`.${ending}`));
    if (found === undefined) throw new Error(`the Console has no ${name}.${ending}`);
    return found;
  });
}
