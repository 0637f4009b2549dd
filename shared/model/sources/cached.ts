/** What the cache folder holds of a model, and its removal. */
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BlockragError } from '../../errors.ts';
import { temporaryName } from '../../files/temporary.ts';
import { cacheDirectory } from '../cache.ts';
import { KNOWN_MODELS } from './catalogue.ts';
import { sourceModelId } from './model-id.ts';
import { isLeft, partialsOf } from './partial.ts';
import { bytesIn } from './space.ts';

/** A folder in the cache that belongs to a model. */
interface Held {
  id: string;
  directory: string;
}

/**
 * Removes a model's downloaded file, what an interrupted download of it left, and all that was compiled from it. A file
 * that lies elsewhere and was used in place stays. A process that has the model open goes on with it.
 *
 * @param id as `modelId` gives it
 * @returns the folders that are gone, and the bytes that they took
 * @throws BlockragError `model_unknown` for a name that is neither known nor that of anything in the cache
 */
export async function removeModel(
  id: string,
  cache: string | undefined,
): Promise<{ bytes: number; removed: string[] }> {
  const held = (await Promise.all([downloaded(cache), compiled(cache), interrupted(cache)])).flat();
  const ids = new Set([...Object.keys(KNOWN_MODELS), ...held.map((one) => one.id)]);
  if (!ids.has(id)) {
    const message = `There is no model named ${id || '""'} to remove. There are: ${[...ids].join(', ')}.`;
    throw new BlockragError('model_unknown', message);
  }
  let bytes = 0;
  const removed: string[] = [];
  for (const { directory } of held.filter((one) => one.id === id)) {
    bytes += await bytesIn(directory);
    // Away in one step: nobody finds a half of it. The name tells later runs what to remove if this one is killed.
    const away = join(dirname(directory), temporaryName());
    await rename(directory, away);
    await rm(away, { recursive: true, force: true });
    removed.push(directory);
  }
  return { bytes, removed };
}

/** models/SHA256/NAME.gguf, or models/SHA256/NAME for a directory; the embedding model, which every model needs, is no GGUF file. */
async function downloaded(cache: string | undefined): Promise<Held[]> {
  const folder = join(cacheDirectory(cache), 'models');
  const found = (await namesIn(folder)).map(async (sha256) => {
    const names = await namesIn(join(folder, sha256));
    const file = names.find((name) => /\.gguf$/i.test(name)) ?? names[0];
    if (file === undefined || !(await isModel(join(folder, sha256, file)))) return [];
    return [{ id: sourceModelId({ file, sha256 }), directory: join(folder, sha256) }];
  });
  return (await Promise.all(found)).flat();
}

/** A GGUF file, or a directory as Hugging Face has it. */
async function isModel(path: string): Promise<boolean> {
  return /\.gguf$/i.test(path) || (await namesIn(path)).includes('config.json');
}

/** compiled/HASH: all that says what it was compiled from, damaged or of an earlier version too. */
async function compiled(cache: string | undefined): Promise<Held[]> {
  const folder = join(cacheDirectory(cache), 'compiled');
  const found = (await namesIn(folder)).map(async (name) => {
    try {
      const { source } = JSON.parse(await readFile(join(folder, name, 'model.json'), 'utf8'));
      return [{ id: sourceModelId(source), directory: join(folder, name) }];
    } catch {
      return [];
    }
  });
  return (await Promise.all(found)).flat();
}

/** partial/SHA256 of known models, unless a process is filling it. */
async function interrupted(cache: string | undefined): Promise<Held[]> {
  const folder = partialsOf(cache);
  const names = await namesIn(folder);
  return Object.entries(KNOWN_MODELS).flatMap(([id, { sha256 }]) =>
    names.filter((name) => isLeft(name, sha256)).map((name) => ({ id, directory: join(folder, name) })),
  );
}

async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => !/^[^.]+\.tmp$/.test(name));
}
