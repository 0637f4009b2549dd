/** A model.onnx with its tokenizer, as encoders on Hugging Face have them: a folder or a repository of one's own. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { BlockragError, isBlockragError } from '../../errors.ts';
import { fetchHuggingFaceFile } from './huggingface.ts';
import {
  type HuggingFaceReference,
  parseHuggingFaceReference,
  parseHuggingFaceRepository,
} from './huggingface-reference.ts';
import { localModelFile } from './local.ts';
import type { FetchOptions } from './progress.ts';

/** What a reference may be, for messages. */
export const ONNX_FORMS =
  'the path of a model.onnx or of its folder, hf:OWNER/REPO, or hf:OWNER/REPO/FILE.onnx';

/** Where the model lies in a folder or a repository. */
const PLACES = ['onnx/model.onnx', 'model.onnx'] as const;

export interface OnnxModel {
  /** The repository, or the folder that the file is in. */
  id: string;
  /** Path of the model.onnx; its weights are in it. */
  model: string;
  sha256: string;
  /** Path of the tokenizer.json, beside it or one folder above. */
  tokenizer: string;
  /** Path of another file beside it or one folder above; undefined where there is none. */
  find(name: string): Promise<string | undefined>;
}

/**
 * Gets the model that a reference names, and the tokenizer.json that belongs to it; undefined where it is of no form
 * that there is.
 * @param reference the path of a model.onnx, or of a folder with one (or with onnx/model.onnx);
 * `hf:OWNER/REPO[@REVISION]`, of which onnx/model.onnx is taken; or `hf:OWNER/REPO/FILE.onnx[@REVISION][#sha256=HEX]`
 * @throws BlockragError `model_unknown`, `invalid_option`, and what fetching a file throws
 */
export async function fetchOnnxModel(
  reference: string,
  options: FetchOptions,
): Promise<OnnxModel | undefined> {
  if (reference.startsWith('hf:')) return fromHuggingFace(reference, options);
  const path = /\.onnx$/i.test(reference) ? reference : await inFolder(reference);
  return path === undefined ? undefined : fromPath(path, options);
}

/** @throws BlockragError `model_unknown` for a folder without a model */
async function inFolder(reference: string): Promise<string | undefined> {
  if (!(await stat(reference).catch(() => undefined))?.isDirectory()) return undefined;
  const path = await firstFile(PLACES.map((place) => join(reference, place)));
  if (path !== undefined) return path;
  throw new BlockragError('model_unknown', `There is no ${PLACES.join(' or ')} in ${resolve(reference)}.`);
}

async function fromPath(path: string, options: FetchOptions): Promise<OnnxModel> {
  const { file, sha256 } = await localModelFile(path, options);
  const folder = dirname(file);
  return withTokenizer(file, file, sha256, (name) =>
    firstFile([join(folder, name), resolve(folder, '..', name)]),
  );
}

async function fromHuggingFace(reference: string, options: FetchOptions): Promise<OnnxModel> {
  const repository = parseHuggingFaceRepository(reference);
  const parsed: HuggingFaceReference =
    repository === undefined
      ? parseHuggingFaceReference(reference, '.onnx')
      : { ...repository, file: PLACES[0], sha256: undefined };
  const { file, sha256 } = await fetchHuggingFaceFile(parsed, options);
  return withTokenizer(`${parsed.repository}/${parsed.file}`, file, sha256, async (name) => {
    try {
      const beside = { ...parsed, file: name, sha256: undefined };
      return (await fetchHuggingFaceFile(beside, options)).file;
    } catch (error) {
      if (isBlockragError(error, 'model_unknown')) return undefined;
      throw error;
    }
  });
}

async function withTokenizer(
  name: string,
  model: string,
  sha256: string,
  find: OnnxModel['find'],
): Promise<OnnxModel> {
  const tokenizer = await find('tokenizer.json');
  if (tokenizer === undefined) {
    throw new BlockragError('model_unknown', `There is no tokenizer.json beside ${basename(model)}.`);
  }
  return { id: idOf(name), model, sha256, tokenizer, find };
}

/** The last part of a path that names something. */
function idOf(path: string): string {
  const parts = path.replace(/\.onnx$/i, '').split(/[/\\]/);
  return parts.findLast((part) => !/^(?:onnx|model.*|\.*)$/i.test(part)) ?? 'model';
}

async function firstFile(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    if ((await stat(path).catch(() => undefined))?.isFile()) return path;
  }
  return undefined;
}
