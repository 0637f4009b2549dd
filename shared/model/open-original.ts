/** Opens models as their makers publish them. */
import { stat } from 'node:fs/promises';
import { readArchitecture } from './architecture.ts';
import { GgufFile } from './gguf.ts';
import { readGgufTokenizer } from './gguf-tokenizer.ts';
import { openHuggingFaceModel } from './huggingface/model.ts';
import type { OriginalModel } from './original.ts';
import { ggufWeights } from './weights.ts';

/**
 * Opens the GGUF file or the directory of that path.
 * @throws BlockragError `model_unknown`, `model_corrupt`, `model_unsupported`
 */
export async function openOriginal(path: string): Promise<OriginalModel> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ? openHuggingFaceModel(path) : openGguf(path);
}

async function openGguf(path: string): Promise<OriginalModel> {
  const file = await GgufFile.open(path);
  try {
    const architecture = await readArchitecture(file);
    return {
      name: file.string('general.name'),
      architecture,
      tokenizer: readGgufTokenizer(file, architecture.vocabulary),
      weights: ggufWeights(file, architecture),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}
