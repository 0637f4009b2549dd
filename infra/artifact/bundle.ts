/** Bundles entry points, and the worker threads that they start, into one flat folder of ES modules. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { CONSOLE, writeConsole } from '../console/build.ts';
import { BesideFiles } from './beside.ts';

/** Not bundled: native, or loaded both as ES module and as CommonJS. */
const EXTERNAL = ['onnxruntime-node', '@lancedb/lancedb', '@llamaindex/liteparse', 'apache-arrow', 'lmdb'];
/** Of the embedded default: imported by code that does not run on AWS. */
const UNUSED = ['lmdb'];

// CommonJS packages call require() for Node's own modules.
const BANNER = `import { createRequire as createRequireOfBundle } from 'node:module';
const require = createRequireOfBundle(import.meta.url);`;

export interface BundleOptions {
  /** The project's root. */
  root: string;
  /** Bundle -> TypeScript file, from the root. */
  entries: Record<string, string>;
  /** Folder of the bundles. */
  out: string;
}

/**
 * Writes OUT/ENTRY.mjs for each entry, a bundle for each worker thread, chunks that they share, and the files
 * that code reads beside itself (WebAssembly, adapters). Dynamic imports stay lazy.
 * @returns npm packages that the bundles import when they run, sorted
 * @throws Error of esbuild: an import that does not resolve, a file beside a module that is not there
 */
export async function bundle({ root, entries, out }: BundleOptions): Promise<string[]> {
  const beside = new BesideFiles(root);
  for (;;) {
    const known = beside.workers.size;
    const { outputFiles, metafile } = await build({
      absWorkingDir: root,
      // Sorted: modules are read in any order, and that of the entries shows in the chunks.
      entryPoints: { ...entries, ...Object.fromEntries([...beside.workers].sort()) },
      outdir: out,
      write: false,
      metafile: true,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      outExtension: { '.js': '.mjs' },
      chunkNames: 'chunk-[hash]',
      banner: { js: BANNER },
      external: EXTERNAL,
      // Names of classes are read at run time: errors and the AWS SDK have them.
      keepNames: true,
      logLevel: 'silent',
      plugins: [beside.plugin],
    });
    // A worker is found when the module that starts it is read, and may start others: all are entries then.
    if (beside.workers.size > known) continue;
    await mkdir(out, { recursive: true });
    for (const { path, contents } of outputFiles) await writeFile(path, contents);
    for (const [name, file] of beside.assets) {
      if (relative(root, file) === CONSOLE) await writeConsole(join(out, name));
      else await cp(file, join(out, name), { recursive: true });
    }
    return packagesOf(metafile);
  }
}

function packagesOf({ outputs }: Metafile): string[] {
  const imported = Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  const loaded = EXTERNAL.filter((name) => imported.includes(name) && !UNUSED.includes(name));
  return loaded.sort();
}
