/** The files of the Console: built with the package, or from functions/console at the first request in a clone. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The page itself; all other files have a hash or a version in their names. */
export const PAGE = 'index.html';

/** What gives the bytes of each file, by its path from the page. */
export type ConsoleFiles = ReadonlyMap<string, () => Promise<Uint8Array<ArrayBuffer>>>;

// Not a literal: the package has no builder, and needs none.
const BUILDER = '../../../infra/console/build.ts';

let files: Promise<ConsoleFiles> | undefined;

/** The files, looked for once; again, where that failed. */
export function consoleFiles(): Promise<ConsoleFiles> {
  if (files === undefined) {
    const inClone = import.meta.url.endsWith('.ts');
    files = inClone ? fromSource() : fromFolder(new URL('./static/', import.meta.url));
    files.catch(() => {
      files = undefined;
    });
  }
  return files;
}

async function fromSource(): Promise<ConsoleFiles> {
  const { buildConsole } = (await import(/* @vite-ignore */ BUILDER)) as {
    buildConsole(): Promise<Map<string, Uint8Array<ArrayBuffer>>>;
  };
  return new Map([...(await buildConsole())].map(([name, bytes]) => [name, async () => bytes]));
}

async function fromFolder(url: URL): Promise<ConsoleFiles> {
  const folder = fileURLToPath(url);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return new Map(
    paths.map((path) => [
      relative(folder, path).split(sep).join('/'),
      async () => new Uint8Array(await readFile(path)),
    ]),
  );
}
