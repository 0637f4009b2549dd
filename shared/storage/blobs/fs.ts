import { access, readdir, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { flush, makeDirectory } from '../../files/durable.ts';
import { publishThrough } from '../../files/publish.ts';
import { readWhole } from '../../files/read-whole.ts';
import { removeAbandoned, temporaryName } from '../../files/temporary.ts';
import { Gate } from '../../gate.ts';
import { storageFailure } from '../failure.ts';
import type { BlobEntry, BlobStore } from '../ports.ts';
import { checkedKey } from './keys.ts';

/** Ends the name of an object's file. No key has it, so "a" and "a/b" can both be objects. */
const OBJECT = '@';

/** Objects read at once: what was asked for first is there first, and is used while the rest is read. */
const READS = 2;

/** Blobs as files: `objects/<key>@`, written in `.tmp/` and linked to their names when they are whole. */
class FsBlobStore implements BlobStore {
  #objects: string;
  #temporary: string;
  /** Directories that exist durably. Empty ones are never removed, so this holds. */
  #folders = new Map<string, Promise<void>>();
  #reads = new Gate(READS);

  constructor(objects: string, temporary: string) {
    this.#objects = objects;
    this.#temporary = temporary;
  }

  async put(key: string, bytes: Uint8Array, options: { replace?: boolean } = {}): Promise<boolean> {
    const path = this.#pathOf(key);
    const replace = options.replace === true;
    try {
      await this.#makeFolder(dirname(path));
      const temporary = join(this.#temporary, temporaryName());
      const write = (file: string) => writeFile(file, bytes);
      if (replace || !(await exists(path))) {
        if (await publishThrough(temporary, path, write, { replace })) return true;
      }
      // Another writer was first and may not have flushed yet: the caller relies on the object from now on.
      await flush(dirname(path));
      return false;
    } catch (error) {
      throw storageFailure(error, `store the blob ${key}`);
    }
  }

  async get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const path = this.#pathOf(key);
    try {
      return await this.#reads.run(() => unlessMissing(readWhole(path)));
    } catch (error) {
      throw storageFailure(error, `read the blob ${key}`);
    }
  }

  async has(key: string): Promise<boolean> {
    const path = this.#pathOf(key);
    try {
      return await exists(path);
    } catch (error) {
      throw storageFailure(error, `look for the blob ${key}`);
    }
  }

  async delete(key: string): Promise<boolean> {
    const path = this.#pathOf(key);
    try {
      if ((await unlessMissing(unlink(path).then(() => true))) === undefined) return false;
      await flush(dirname(path));
      return true;
    } catch (error) {
      throw storageFailure(error, `delete the blob ${key}`);
    }
  }

  async *list(prefix: string): AsyncIterable<BlobEntry> {
    const path = prefix === '' ? '' : `${checkedKey(prefix)}/`;
    try {
      yield* this.#walk(path);
    } catch (error) {
      throw storageFailure(error, 'list the blobs');
    }
  }

  /** Nothing to do: every file is closed when its promise resolves. */
  async close(): Promise<void> {}

  #pathOf(key: string): string {
    return join(this.#objects, checkedKey(key) + OBJECT);
  }

  #makeFolder(path: string): Promise<void> {
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    const made = makeDirectory(path, this.#objects);
    this.#folders.set(path, made);
    made.catch(() => this.#folders.delete(path));
    return made;
  }

  /** `path` is '' or ends in "/". A folder sorts as its name with "/", as the keys in it do. */
  async *#walk(path: string): AsyncIterable<BlobEntry> {
    const entries = (await unlessMissing(readdir(join(this.#objects, path), { withFileTypes: true }))) ?? [];
    const names = entries.map((entry) =>
      entry.isDirectory() ? `${entry.name}/` : entry.name.slice(0, -OBJECT.length),
    );
    for (const name of names.sort()) {
      const key = path + name;
      if (name.endsWith('/')) yield* this.#walk(key);
      else {
        const file = await unlessMissing(stat(this.#pathOf(key)));
        if (file !== undefined) yield { key, bytes: file.size, modified: file.mtimeMs };
      }
    }
  }
}

function exists(path: string): Promise<boolean> {
  return unlessMissing(access(path).then(() => true)).then((found) => found === true);
}

/** The value, or undefined where the file does not exist. */
function unlessMissing<T>(value: Promise<T>): Promise<T | undefined> {
  return value.catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/**
 * Opens a blob store in a directory, which is created if need be, and removes what a killed process left half
 * written in it.
 * @throws BlockragError `storage_full`, `storage_failed`
 */
export async function openFsBlobStore(directory: string): Promise<BlobStore> {
  const objects = join(directory, 'objects');
  const temporary = join(directory, '.tmp');
  try {
    await makeDirectory(objects, directory);
    await makeDirectory(temporary, directory);
    // One host writes to it at a time: the processes of another are gone.
    await removeAbandoned(temporary, { foreignMs: 0 });
  } catch (error) {
    throw storageFailure(error, `open the blob store in ${directory}`);
  }
  return new FsBlobStore(objects, temporary);
}
