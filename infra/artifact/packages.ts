/** Copies npm packages with what they depend on into an artifact, for one platform, without what never runs. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Architecture } from './artifacts.ts';

/** What runs, and the licences, which must go with it. */
const KEPT = /(\.(js|mjs|cjs|json|node|wasm)|\.so(\.\d+)*|(^|\/)(LICEN[CS]E|NOTICE|COPYING)[^/]*)$/i;

/** What differs from "all dependencies, all files that run". */
interface Exception {
  /** Dependencies of its install script, or of a command that it brings. */
  without?: readonly string[];
  /** The package of this platform's native library. */
  with?: (architecture: Architecture) => string;
  keeps?: (path: string, architecture: Architecture) => boolean;
}

const EXCEPTIONS: Record<string, Exception> = {
  'onnxruntime-node': {
    without: ['adm-zip', 'global-agent'],
    keeps: (path, architecture) =>
      !path.startsWith('script/') &&
      !path.includes('providers_tensorrt') &&
      (!path.startsWith('bin/') || path.startsWith(`bin/napi-v6/linux/${architecture}/`)),
  },
  '@lancedb/lancedb': { with: (architecture) => `@lancedb/lancedb-linux-${architecture}-gnu` },
  // Its own copy of a native library is that of the platform that it was installed on.
  '@llamaindex/liteparse': {
    without: ['commander'],
    with: (architecture) => `@llamaindex/liteparse-linux-${architecture}-gnu`,
    keeps: (path) => !/\.node$|\.so$|cli\.js$/.test(path),
  },
  'apache-arrow': { without: ['command-line-args', 'command-line-usage'] },
};

/**
 * Copies packages from ROOT/node_modules into OUT/node_modules, at the same places.
 * @throws Error naming a package that is not installed, with the command that installs it
 */
export async function copyPackages(
  root: string,
  names: readonly string[],
  out: string,
  architecture: Architecture,
): Promise<void> {
  const copied = new Set<string>();
  const copy = async (name: string, dependent: string): Promise<void> => {
    const directory = find(name, dependent, root);
    if (directory === undefined) {
      const install = `npm ci --os=linux --cpu=${architecture}`;
      throw new Error(`${name} is not installed: packing for linux ${architecture} needs "${install}"`);
    }
    if (copied.has(directory)) return;
    copied.add(directory);
    const exception = EXCEPTIONS[name] ?? {};
    for (const path of await filesIn(directory)) {
      if (!KEPT.test(path) || exception.keeps?.(path, architecture) === false) continue;
      const target = join(out, relative(root, directory), path);
      await mkdir(dirname(target), { recursive: true });
      await copyFile(join(directory, path), target);
    }
    const { dependencies = {} } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    const needed = Object.keys(dependencies).filter(
      (dependency) => !dependency.startsWith('@types/') && !exception.without?.includes(dependency),
    );
    if (exception.with !== undefined) needed.push(exception.with(architecture));
    for (const dependency of needed) await copy(dependency, directory);
  };
  for (const name of names) await copy(name, root);
}

/** As Node looks for it: from the dependent's folder upwards. */
function find(name: string, from: string, root: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (folder === root || folder === dirname(folder)) return undefined;
  }
}

/** Paths of the files in a package, without packages nested in it. */
async function filesIn(directory: string, below = ''): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await readdir(join(directory, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules') paths.push(...(await filesIn(directory, path)));
    } else paths.push(path);
  }
  return paths;
}
