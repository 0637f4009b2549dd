/**
 * Files that a module names by `new URL('./x', import.meta.url)`: worker threads and WebAssembly; with a slash at
 * the end, a folder.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { type Plugin, transform } from 'esbuild';
import { CONSOLE } from '../console/build.ts';

const REFERENCE = /new URL\("(\.{1,2}\/[^"]+)", import\.meta\.url\)/g;

/**
 * Collects them while esbuild reads the project's modules, and lets the code find them at the artifact's root:
 * shared/attention/worker.ts becomes ./attention-worker.mjs, shared/kv/kernels.wasm ./kernels.wasm,
 * shared/model/adapters/ ./adapters/.
 */
export class BesideFiles {
  /** Bundle without its ending -> TypeScript file. */
  readonly workers = new Map<string, string>();
  /** Name at the artifact's root -> file or folder. */
  readonly assets = new Map<string, string>();
  readonly plugin: Plugin;
  #root: string;

  constructor(root: string) {
    this.#root = root;
    this.plugin = {
      name: 'beside',
      setup: ({ onLoad }) => {
        onLoad({ filter: /\.ts$/ }, async ({ path }) => {
          if (path.includes(`${sep}node_modules${sep}`)) return undefined;
          const source = await readFile(path, 'utf8');
          if (!source.includes('import.meta.url')) return undefined;
          // Without types and comments: an example in a comment is no reference.
          const { code } = await transform(source, { loader: 'ts', target: 'node20', sourcefile: path });
          const contents = code.replace(REFERENCE, (_, target: string) => {
            const name = this.#place(resolve(dirname(path), target), path);
            return `new URL("./${name}${target.endsWith('/') ? '/' : ''}", import.meta.url)`;
          });
          return { contents, loader: 'js', resolveDir: dirname(path) };
        });
      },
    };
  }

  #place(file: string, module: string): string {
    if (!existsSync(file) && relative(this.#root, file) !== CONSOLE)
      throw new Error(`${module} names ${file}, which is not there`);
    const name = file.endsWith('.ts') ? bundleName(relative(this.#root, file)) : basename(file);
    const files = file.endsWith('.ts') ? this.workers : this.assets;
    const other = files.get(name);
    if (other !== undefined && other !== file) throw new Error(`${other} and ${file} are both ${name}`);
    files.set(name, file);
    return file.endsWith('.ts') ? `${name}.mjs` : name;
  }
}

/** shared/attention/worker.ts -> attention-worker */
function bundleName(file: string): string {
  const parts = join(file).replace(/\.ts$/, '').split(sep);
  return parts.slice(1).join('-');
}
