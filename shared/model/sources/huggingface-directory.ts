/** A model's directory as Hugging Face has it: on this machine, or fetched from a repository. */
import { copyFile, link, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { BlockragError, isBlockragError } from '../../errors.ts';
import { publish } from '../../files/publish.ts';
import { cacheDirectory } from '../cache.ts';
import { OPTIONAL_FILES, REQUIRED_FILES } from '../huggingface/model.ts';
import { shardNames, shardsOf, WEIGHTS_FILE, WEIGHTS_INDEX } from '../huggingface/tensors.ts';
import { get } from './http.ts';
import { fetchHuggingFaceFile, readResolution, resolutionPath, writeResolution } from './huggingface.ts';
import { commitUrl, type HuggingFaceReference } from './huggingface-reference.ts';
import { localModelFile } from './local.ts';
import type { ModelFile } from './model-file.ts';
import { type FetchOptions, throwIfCancelled } from './progress.ts';
import { sha256Text } from './sha256.ts';

/**
 * A directory on this machine, used in place. Its SHA-256 is over the names and hashes of the files that a model is
 * made of; other files may lie beside them.
 *
 * @throws BlockragError `model_unknown` without config.json, `model_corrupt` where another file is missing, `cancelled`
 */
export async function localModelDirectory(path: string, options: FetchOptions): Promise<ModelFile> {
  const directory = resolve(path);
  const present = new Set(await readdir(directory));
  if (!present.has('config.json')) {
    throw new BlockragError('model_unknown', `${directory} is no model: it has no config.json.`);
  }
  const names = [
    ...REQUIRED_FILES,
    ...[...OPTIONAL_FILES, WEIGHTS_INDEX].filter((name) => present.has(name)),
    ...(await shardsOf(directory)),
  ];
  const missing = names.find((name) => !present.has(name));
  if (missing !== undefined) {
    throw new BlockragError('model_corrupt', `${directory} has no ${missing}: it is no whole model.`);
  }
  const hashes: [string, string][] = [];
  for (const name of names) {
    hashes.push([name, (await localModelFile(join(directory, name), options)).sha256]);
  }
  return { file: directory, sha256: hashOf(hashes), name: basename(directory), verified: false };
}

/**
 * Fetches config.json, tokenizer.json, what may be beside them, and the weights of a repository into
 * models/SHA256/REPO of the cache. All files are of the commit that the revision names when the first is fetched. A
 * reference once fetched stays that content, as in `fetchHuggingFaceFile`; an interrupted fetch goes on where it was.
 *
 * @throws BlockragError as `fetchHuggingFaceFile`, and `model_corrupt` for a repository without such a model
 */
export async function fetchHuggingFaceDirectory(
  reference: Pick<HuggingFaceReference, 'repository' | 'revision'>,
  options: FetchOptions,
): Promise<ModelFile> {
  const { repository } = reference;
  const name = basename(repository);
  const asked = commitUrl(reference, options.huggingFace?.endpoint);
  const resolution = resolutionPath(asked, options.cache);
  const known = await readResolution(resolution);
  const placed = (sha256: string) => join(cacheDirectory(options.cache), 'models', sha256, name);
  if (known !== undefined && (await isDirectory(placed(known.sha256)))) {
    return { file: placed(known.sha256), sha256: known.sha256, name, verified: known.verified };
  }
  const revision = (await commitAt(asked, options)) ?? reference.revision;
  const from = (file: string): HuggingFaceReference => ({ repository, revision, file, sha256: undefined });
  const files = await fetchFiles(from, options);
  const sha256 = hashOf(files.map(({ name: file, found }) => [file, found.sha256]));
  await publish(placed(sha256), async (temporary) => {
    await mkdir(temporary, { recursive: true });
    for (const { name: file, found } of files) await linkOrCopy(found.file, join(temporary, file));
  });
  // Of small files the hub publishes no SHA-256.
  const weights = files.filter(({ name: file }) => file.endsWith('.safetensors'));
  const verified = weights.every(({ found }) => found.verified);
  await writeResolution(resolution, { sha256, bytes: 0, verified });
  // They are in the directory now.
  for (const { found } of files) await rm(dirname(found.file), { recursive: true, force: true });
  return { file: placed(sha256), sha256, name, verified };
}

/** The commit that a revision is now; undefined where a mirror does not tell. */
async function commitAt(url: URL, { huggingFace, signal }: FetchOptions): Promise<string | undefined> {
  const request = { headers: { accept: 'application/json' }, token: huggingFace?.token || undefined, signal };
  try {
    const { response } = await get(url, request);
    const { sha } = Object(await response.json()) as { sha?: unknown };
    return typeof sha === 'string' && /^[0-9a-f]{40}$/.test(sha) ? sha : undefined;
  } catch {
    throwIfCancelled(signal);
    return undefined;
  }
}

interface Fetched {
  name: string;
  found: ModelFile;
}

async function fetchFiles(
  from: (file: string) => HuggingFaceReference,
  options: FetchOptions,
): Promise<Fetched[]> {
  const fetched: Fetched[] = [];
  const fetchOne = async (name: string, { optional = false } = {}): Promise<ModelFile | undefined> => {
    try {
      const found = await fetchHuggingFaceFile(from(name), options);
      fetched.push({ name, found });
      return found;
    } catch (error) {
      if (optional && isBlockragError(error, 'model_unknown')) return undefined;
      throw error;
    }
  };
  for (const name of REQUIRED_FILES) await fetchOne(name);
  for (const name of OPTIONAL_FILES) await fetchOne(name, { optional: true });
  const index = await fetchOne(WEIGHTS_INDEX, { optional: true });
  const shards = index === undefined ? [WEIGHTS_FILE] : shardNames(await readFile(index.file, 'utf8'));
  for (const name of shards) await fetchOne(name);
  return fetched;
}

function hashOf(files: readonly (readonly [name: string, sha256: string])[]): string {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256Text(JSON.stringify(sorted));
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

/** Not every file system has hard links. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
}
