/** A zip file that depends on nothing but what is in it. */
import { createWriteStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';

/** The earliest that a zip file can say; a zip file has local time, so the same numbers come from every zone. */
const MODIFIED = new Date(1980, 0, 1);
const READABLE = 0o100644;
/** Native libraries are three quarters of it: a higher level takes minutes and saves a tenth. */
const LEVEL = 1;

/** Packs a folder: the same files make the same bytes, whenever and wherever. */
export async function zipFolder(folder: string, file: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const zip = new ZipFile();
  const named = files.map((path) => ({ path, name: relative(folder, path).split(sep).join('/') }));
  for (const { path, name } of named.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    zip.addFile(path, name, {
      mtime: MODIFIED,
      mode: READABLE,
      compressionLevel: LEVEL,
      forceDosTimestamp: true,
    });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(file));
}
