/** The files that `blockrag add` adds: those named, and of folders what is a document by the rule of detect.ts. */
import type { Dirent } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { detectType } from '../../shared/documents/kinds/detect.ts';
import { BlockragError, isBlockragError } from '../../shared/errors.ts';
import { documentName } from './document-name.ts';

export interface FoundFile {
  path: string;
  name: string;
}

/** A file, or a folder as a whole, that was left out, and why. */
export interface SkippedFile {
  name: string;
  code: 'hidden' | 'link' | 'document_empty' | 'document_not_text' | 'document_type_unknown';
  reason: string;
}

export interface Found {
  files: FoundFile[];
  skipped: SkippedFile[];
}

const HEAD_BYTES = 64 * 1024;

/**
 * The files to add, with the name each document gets: its path from the folder that the data directory is in, or the
 * whole path elsewhere, so that it is the same wherever the command runs.
 * @param options.maxBytes of files that are read whole to see what they are
 * @throws BlockragError `invalid_option` for a path that is not there
 */
export async function findFiles(
  paths: readonly string[],
  { data, maxBytes }: { data: string; maxBytes: number },
): Promise<Found> {
  const files = new Map<string, FoundFile>();
  const skipped: SkippedFile[] = [];
  const nameOf = (path: string) => documentName(path, data);
  for (const path of paths) {
    const info = await stat(path).catch((cause: unknown) => {
      throw new BlockragError('invalid_option', `There is no file or folder ${path}.`, { cause });
    });
    const found = info.isDirectory()
      ? await inFolder(path, nameOf, maxBytes)
      : { files: [path], skipped: [] };
    for (const file of found.files) files.set(resolve(file), { path: resolve(file), name: nameOf(file) });
    skipped.push(...found.skipped);
  }
  return { files: [...files.values()], skipped };
}

async function inFolder(folder: string, nameOf: (path: string) => string, maxBytes: number) {
  const files: string[] = [];
  const skipped: SkippedFile[] = [];
  const left = [folder];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const entries = (await readdir(next, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
    const folders: string[] = [];
    for (const entry of entries) {
      const path = join(next, entry.name);
      const skip = await skipReason(entry, path, nameOf(path), maxBytes);
      if (skip !== undefined) skipped.push({ name: nameOf(path), ...skip });
      else if (entry.isDirectory()) folders.push(path);
      else files.push(path);
    }
    left.push(...folders.reverse());
  }
  return { files, skipped };
}

/** Why an entry of a folder is left out; undefined for a document, and for a folder to look into. */
async function skipReason(
  entry: Dirent,
  path: string,
  name: string,
  maxBytes: number,
): Promise<Omit<SkippedFile, 'name'> | undefined> {
  if (entry.name.startsWith('.') || entry.name === 'node_modules') {
    return {
      code: 'hidden',
      reason: `${name} is ${entry.name === 'node_modules' ? 'installed code' : 'hidden'}.`,
    };
  }
  if (entry.isDirectory()) return undefined;
  if (!entry.isFile()) return { code: 'link', reason: `${name} is a link, or no plain file.` };
  try {
    const bytes = await telling(path, maxBytes);
    if (bytes.length === 0) return { code: 'document_empty', reason: `${name} is empty.` };
    detectType(bytes, { name });
  } catch (error) {
    if (isBlockragError(error, 'document_type_unknown') || isBlockragError(error, 'document_not_text')) {
      return { code: error.code as SkippedFile['code'], reason: error.message };
    }
    // Adding it tells what is wrong.
  }
  return undefined;
}

/** Enough of a file to see its format: the head, of an archive or an old Office file all, up to the limit. */
async function telling(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
    const bytes = head.subarray(0, bytesRead);
    const { size } = await file.stat();
    const isContainer = bytes.toString('latin1', 0, 2) === 'PK' || bytes[0] === 0xd0;
    return isContainer && size > bytesRead && size <= maxBytes ? await readFile(path) : bytes;
  } finally {
    await file.close();
  }
}
