/** Gets a model ready to serve: fetched, compiled, checked; each only once. */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calibrate } from '../attention/calibrate.ts';
import { Decoder } from '../attention/decoder.ts';
import { requireSaneText, scoreText, selfCheck } from '../attention/self-check.ts';
import { cacheDirectory, temporaryName } from '../model/cache.ts';
import { compileModel } from '../model/compile.ts';
import type { CompiledModel } from '../model/compiled.ts';
import type { ComputeType } from '../model/onnx/linear.ts';
import { type FetchOptions, fetchModelFile } from '../model/sources/index.ts';

export interface PrepareOptions extends FetchOptions {
  /** Name of a known model, a path, or hf:OWNER/REPO/FILE.gguf. */
  reference: string;
  compute: ComputeType;
  /**
   * Whether the model must find English likely. On for whatever answers people; off for comparing engines, where
   * a model may be random.
   */
  requireText: boolean;
}

/** @throws BlockragError of the model_* codes */
export async function prepareModel(options: PrepareOptions): Promise<CompiledModel> {
  const { reference, compute, requireText, onProgress } = options;
  const source = await fetchModelFile(reference, options);
  const model = await compileModel({
    source,
    compute,
    folder: join(cacheDirectory(), 'compiled'),
    calibrate,
    check: (compiled) => selfCheck(compiled, { text: requireText }),
    onProgress,
  });
  const { check, hasTokenizer } = model.manifest;
  if (requireText && hasTokenizer && check !== null && check.textScore === null) {
    // Compiled earlier for a comparison: the text was left out then.
    const decoder = await Decoder.open(model);
    try {
      check.textScore = await scoreText(decoder);
    } finally {
      await decoder.dispose();
    }
    requireSaneText(check.textScore);
    const temporary = join(model.directory, temporaryName());
    await writeFile(temporary, JSON.stringify(model.manifest));
    await rename(temporary, join(model.directory, 'model.json'));
  }
  return model;
}
