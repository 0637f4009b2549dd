/** Model sources: fetch the model file that a reference names onto this machine. */
import { stat } from 'node:fs/promises';
import { basename, sep } from 'node:path';
import { BlockragError } from '../../errors.ts';
import { KNOWN_MODELS } from './catalogue.ts';
import { fetchKnownFile } from './fetch-known.ts';
import { fetchHuggingFaceFile } from './huggingface.ts';
import { fetchHuggingFaceDirectory, localModelDirectory } from './huggingface-directory.ts';
import { parseHuggingFaceReference, parseHuggingFaceRepository } from './huggingface-reference.ts';
import { localModelFile } from './local.ts';
import type { ModelFile } from './model-file.ts';
import { type FetchOptions, throwIfCancelled } from './progress.ts';

export { DEFAULT_MODEL, KNOWN_MODELS } from './catalogue.ts';
export type { ModelFile } from './model-file.ts';
export type { FetchOptions, FetchSettings, Progress } from './progress.ts';

/**
 * Gets the model file that a reference names; what is in the cache folder already costs no network.
 *
 * @param reference a known model's name (`smollm2-135m-instruct`), the path of a GGUF file or of a directory as
 *   Hugging Face has it, `hf:OWNER/REPO[@REVISION]` or `hf:OWNER/REPO/FILE.gguf[@REVISION][#sha256=HEX]`
 * @throws BlockragError `model_unknown`, `invalid_option`, `model_tool_missing`, `model_download_failed`,
 *   `model_checksum_mismatch`, `storage_full`, `cancelled`
 * @example const { file, sha256 } = await fetchModelFile('smollm2-135m-instruct', { signal })
 */
export async function fetchModelFile(reference: string, options: FetchOptions = {}): Promise<ModelFile> {
  throwIfCancelled(options.signal);
  const repository = parseHuggingFaceRepository(reference);
  if (repository !== undefined) return fetchHuggingFaceDirectory(repository, options);
  if (reference.startsWith('hf:')) {
    return fetchHuggingFaceFile(parseHuggingFaceReference(reference), options);
  }
  if (Object.hasOwn(KNOWN_MODELS, reference)) {
    const known = KNOWN_MODELS[reference]!;
    const file = await fetchKnownFile(known, options);
    return { file, sha256: known.sha256, name: reference, verified: true };
  }
  if (/\.gguf$/i.test(reference) || reference.includes('/') || reference.includes(sep)) {
    const isDirectory = (await stat(reference).catch(() => undefined))?.isDirectory() === true;
    return isDirectory ? localModelDirectory(reference, options) : localModelFile(reference, options);
  }
  const known = Object.keys(KNOWN_MODELS).join(', ');
  const message = `There is no model named ${basename(reference) || '""'}. Known: ${known}; or give the path of a GGUF file or of a model's directory, hf:OWNER/REPO or hf:OWNER/REPO/FILE.gguf.`;
  throw new BlockragError('model_unknown', message);
}

/** The SHA-256 of the file that a reference names, where that is known without having the file. */
export function knownSha256(reference: string): string | undefined {
  if (parseHuggingFaceRepository(reference) !== undefined) return undefined;
  if (reference.startsWith('hf:')) return parseHuggingFaceReference(reference).sha256;
  return Object.hasOwn(KNOWN_MODELS, reference) ? KNOWN_MODELS[reference]!.sha256 : undefined;
}
