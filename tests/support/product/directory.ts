/** Data directories of tests, and what lies in them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder, removed after the tests of this file. Hooks run in reverse: what is open in it closes first. */
export function temporaryDirectory(): string {
  const folder = mkdtempSync(join(tmpdir(), 'blockrag-e2e-'));
  folders.push(folder);
  return folder;
}

/** Paths of all files under a folder, from there, sorted. */
export function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort();
}

/** The files under a folder whose raw bytes hold a text. */
export function filesHolding(folder: string, text: string): string[] {
  const bytes = Buffer.from(text);
  return filesUnder(folder).filter((path) => readFileSync(join(folder, path)).includes(bytes));
}

/** Paths of the KV blobs of a data directory. */
export function blobFiles(data: string): string[] {
  const folder = join(data, 'blobs/objects/kv/default');
  return filesUnder(folder).map((path) => join(folder, path));
}

/** Paths of the originals that a data directory keeps, from its store of originals. */
export function originals(data: string): string[] {
  try {
    const files = filesUnder(join(data, 'blobs/objects/originals/default'));
    return files.filter((path) => !path.endsWith('.json@'));
  } catch {
    return [];
  }
}

/** Files that a write left half done: temporary files of the blob store. */
export function temporaryFiles(data: string): string[] {
  return filesUnder(join(data, 'blobs')).filter((path) => path.startsWith('.tmp') || path.endsWith('.tmp'));
}
