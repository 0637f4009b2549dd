/**
 * A copy of a data directory, taken while a server works on it, and a data directory made of such a copy.
 *
 * DIR/manifest.json   what is in it: path, bytes and SHA-256 of each file; written last, so without it the copy is not whole
 * DIR/data/           as the data directory
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { constants, copyFile, link, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { BlockragError } from '../errors.ts';
import { flush, flushTree } from '../files/durable.ts';
import { storageFailure } from '../storage/failure.ts';
import { openDataDirectory } from './embedded.ts';

const FORMAT = 1;
const MANIFEST = 'manifest.json';
const DATA = 'data';
/** What consists of files that are never changed, only made and removed. */
const FILES = ['blobs/objects', 'index'];
const CATALOG = 'catalog';
/** Made by whoever opens it. */
const LOCK = 'lock.mdb';

interface ManifestFile {
  path: string;
  bytes: number;
  sha256: string;
}
interface Manifest {
  format: number;
  created: string;
  files: ManifestFile[];
}

/** What was copied. */
export interface BackupReport {
  files: number;
  bytes: number;
}

/**
 * Copies a data directory into a new one. Files are linked before and after the catalog is copied, so what the catalog
 * knows of is there, even where it is deleted meanwhile; what is there besides goes into quarantine after a restore.
 * @throws BlockragError `invalid_option` when there is no data directory, or the target is not empty; `storage_full`,
 *   `storage_failed`
 */
export async function backUp(directory: string, target: string, signal: AbortSignal): Promise<BackupReport> {
  if (!(await isThere(join(directory, CATALOG, 'data.mdb')))) {
    throw new BlockragError(
      'invalid_option',
      `There is no data directory ${directory}: name another with --data.`,
    );
  }
  await makeEmpty(target);
  const data = join(target, DATA);
  try {
    const linkAll = async () => {
      for (const part of FILES) await linkTree(join(directory, part), join(data, part), signal);
    };
    await linkAll();
    const environment = await openDataDirectory(directory);
    try {
      await mkdir(join(data, CATALOG), { recursive: true });
      await environment.copyTo(join(data, CATALOG));
    } finally {
      await environment.close();
    }
    await linkAll();
    const manifest: Manifest = { format: FORMAT, created: new Date().toISOString(), files: [] };
    for await (const path of filesOf(data)) {
      signal.throwIfAborted();
      manifest.files.push(await factsOf(data, path));
    }
    await flushTree(data);
    await writeFile(join(target, MANIFEST), JSON.stringify(manifest, undefined, 1));
    await flush(join(target, MANIFEST));
    await flush(target);
    return reportOf(manifest);
  } catch (error) {
    throw storageFailure(error, `back up ${directory} into ${target}`);
  }
}

/**
 * Makes a data directory of a backup, after each file was compared with the manifest.
 * @throws BlockragError `invalid_option` for what is no whole backup, or a target that is not empty; `storage_failed`
 *   for a damaged file; `storage_full`
 */
export async function restore(source: string, directory: string, signal: AbortSignal): Promise<BackupReport> {
  const manifest = await readManifest(source);
  const data = join(source, DATA);
  for (const file of manifest.files) {
    signal.throwIfAborted();
    const found = await factsOf(data, file.path).catch(() => undefined);
    if (found?.sha256 !== file.sha256) {
      throw new BlockragError(
        'storage_failed',
        `${join(data, file.path)} is missing or damaged: use another backup.`,
      );
    }
  }
  await makeEmpty(directory);
  try {
    for (const { path } of manifest.files) {
      signal.throwIfAborted();
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await copyFile(join(data, path), join(directory, path), constants.COPYFILE_FICLONE);
    }
    await flushTree(directory);
    const environment = await openDataDirectory(directory);
    // The process that owned the directory at that time owns this one not.
    await environment.clear('owner');
    await environment.close();
    return reportOf(manifest);
  } catch (error) {
    throw storageFailure(error, `restore ${source} into ${directory}`);
  }
}

async function readManifest(source: string): Promise<Manifest> {
  let manifest: Manifest | undefined;
  try {
    manifest = JSON.parse(await readFile(join(source, MANIFEST), 'utf8')) as Manifest;
  } catch {
    manifest = undefined;
  }
  const inside = ({ path }: ManifestFile) => !path.split('/').includes('..') && !path.startsWith('/');
  if (manifest?.format === FORMAT && manifest.files.every(inside)) return manifest;
  throw new BlockragError(
    'invalid_option',
    `${source} is no whole backup of this version: its ${MANIFEST} is missing or another.`,
  );
}

/** @throws BlockragError `invalid_option` when something is there */
async function makeEmpty(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if ((await readdir(directory)).length === 0) return;
  throw new BlockragError(
    'invalid_option',
    `${directory} is not empty: name a new directory, or move that one away.`,
  );
}

/** Links files that are not there yet; copies them where links are not possible. What vanishes meanwhile is left out. */
async function linkTree(from: string, to: string, signal: AbortSignal): Promise<void> {
  for await (const path of filesOf(from)) {
    signal.throwIfAborted();
    const [source, target] = [join(from, path), join(to, path)];
    await mkdir(dirname(target), { recursive: true });
    try {
      await link(source, target);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST' || code === 'ENOENT') continue;
      if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EMLINK' && code !== 'ENOTSUP') throw error;
      if (!(await isThere(target))) await copyFile(source, target).catch(unlessMissing);
    }
  }
}

/** Paths of all files below a directory, with "/" between segments. */
async function* filesOf(directory: string): AsyncGenerator<string> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true }).catch(unlessMissing);
  for (const entry of entries ?? []) {
    if (!entry.isFile() || entry.name === LOCK) continue;
    yield relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/');
  }
}

async function factsOf(directory: string, path: string): Promise<ManifestFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(join(directory, path))) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { path, bytes, sha256: hash.digest('hex') };
}

function reportOf({ files }: Manifest): BackupReport {
  return { files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
