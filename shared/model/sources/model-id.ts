/** The id of a model: requests ask for it, and answers, metrics and messages name it. */
import { KNOWN_MODELS } from './catalogue.ts';

/**
 * The id of the model that a reference opens: a known model's name as it is, else the name of the file without `.gguf`
 * or of the directory, for a path as for what is in a Hugging Face repository. It is one segment of a URL's path, once encoded.
 *
 * The file's name and not the repository's, because one repository holds a model in several quantizations, and a
 * file is the same model wherever it came from.
 *
 * @param reference as `fetchModelFile` takes it
 * @example modelId('hf:bartowski/Qwen3-0.6B-GGUF/Qwen3-0.6B-Q8_0.gguf') // 'Qwen3-0.6B-Q8_0'
 */
export function modelId(reference: string): string {
  if (Object.hasOwn(KNOWN_MODELS, reference)) return reference;
  // A revision may hold slashes.
  const path = reference.startsWith('hf:')
    ? reference.replace(/(\.gguf)[@#].*$/i, '$1').replace(/^(hf:[^/]+\/[^/@]+)@.*$/, '$1')
    : reference.replace(/[/\\]+$/, '');
  const file = path.split(/[/\\]/).at(-1)!;
  const id = file.replace(/\.gguf$/i, '').replace(/[\p{Cc}\s]+/gu, '-');
  // Dots alone are steps of a path, not names.
  return /^\.*$/.test(id) ? 'model' : id;
}

/** The id of a compiled model, from what its manifest says of the file that it was made of. */
export function sourceModelId({ file, sha256 }: { file: string; sha256: string }): string {
  const known = Object.entries(KNOWN_MODELS).find(([, model]) => model.sha256 === sha256);
  return known?.[0] ?? modelId(file);
}

/**
 * Other ids that requests may call a model by: the one that earlier versions made of the name in its file, and for a
 * file of a Hugging Face repository the repository's name.
 * @param name what the file calls itself (`ModelManifest.name`)
 */
export function modelAliases(reference: string, name: string): string[] {
  const slug = name.toLowerCase().replace(/[^a-z0-9.]+/g, '-');
  const repository = /^hf:[^/]+\/([^/]+)\//.exec(reference)?.[1];
  return [slug, ...(repository === undefined ? [] : [repository])].filter((id) => id !== '');
}
