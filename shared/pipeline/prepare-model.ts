/** Gets a model ready to serve: fetches, compiles and checks it, each only once. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publish } from '../files/publish.ts';
import { adapterFile, readAdapter } from '../model/adapter.ts';
import { cacheDirectory } from '../model/cache.ts';
import type { CompiledModel } from '../model/compiled.ts';
import { type CompiledFrom, openCompiled } from '../model/compiled-place.ts';
import { type ComputeType, DEFAULT_COMPUTE } from '../model/compute.ts';
import { type FetchOptions, fetchModelFile, knownSha256 } from '../model/sources/index.ts';

export interface PrepareOptions extends FetchOptions {
  /** Name of a known model, a path, or hf:OWNER/REPO/FILE.gguf. */
  reference: string;
  /** Path of an adapter, `none`, or `shipped` (default): the one that comes with a known model, where one does. */
  adapter?: string | undefined;
  /** Default: `DEFAULT_COMPUTE`. */
  compute?: ComputeType | undefined;
  /**
   * Whether the model must find English likely. On for whatever answers people; off for comparing engines, where
   * a model may be random.
   */
  requireText: boolean;
  /**
   * Which models are asked the bundled questions, 40 with full and 40 with block attention, where they have not been
   * yet: all, or those that have no adapter, though none was told to be left out.
   */
  compare?: 'all' | 'without-adapter' | undefined;
}

/**
 * A known model that has been compiled needs neither its file nor a network.
 * @throws BlockragError of the model_* codes, `invalid_option` for an adapter that is not there or another model's
 */
export async function prepareModel(options: PrepareOptions): Promise<CompiledModel> {
  const { reference, compute = DEFAULT_COMPUTE, requireText } = options;
  const file = adapterFile(reference, options.adapter ?? 'shipped');
  const adapter = file === undefined ? undefined : await readAdapter(file);
  const what = { adapter, compute, folder: join(cacheDirectory(options.cache), 'compiled') };
  const sha256 = knownSha256(reference);
  const there = sha256 === undefined ? undefined : await openCompiled({ ...what, sha256 });
  const model = there ?? (await compile(what, options));
  const { check, hasTokenizer } = model.manifest;
  if (requireText && hasTokenizer && check !== null && check.textScore === null) {
    // Compiled earlier for a comparison: the text was left out then.
    const { Decoder } = await import('../attention/decoder.ts');
    const { requireSaneText, scoreText } = await import('../attention/self-check.ts');
    const decoder = await Decoder.open(model);
    try {
      check.textScore = await scoreText(decoder);
    } finally {
      await decoder.dispose();
    }
    requireSaneText(check.textScore, adapter !== undefined);
    await writeManifest(model);
  }
  const lacks = adapter === undefined && options.adapter !== 'none';
  const wanted = options.compare === 'all' || (options.compare === 'without-adapter' && lacks);
  if (wanted && hasTokenizer && model.manifest.attention === null) await compare(model, options);
  return model;
}

/** Fetches and compiles. The compiler is loaded here: a model that is there does not need it. */
async function compile(
  what: Omit<CompiledFrom, 'sha256'>,
  { reference, requireText, onProgress, ...fetching }: PrepareOptions,
): Promise<CompiledModel> {
  const { compileModel } = await import('../model/compile.ts');
  const { calibrate } = await import('../attention/calibrate.ts');
  const { selfCheck } = await import('../attention/self-check.ts');
  return compileModel({
    ...what,
    source: await fetchModelFile(reference, { ...fetching, onProgress }),
    calibrate,
    check: (compiled) => selfCheck(compiled, { text: requireText }),
    onProgress,
  });
}

/** Asks a model the bundled questions, and keeps what came out beside it. */
async function compare(model: CompiledModel, { onProgress, signal }: PrepareOptions): Promise<void> {
  const { compareAttention } = await import('../attention/comparison.ts');
  const { Decoder } = await import('../attention/decoder.ts');
  const decoder = await Decoder.open(model);
  try {
    model.manifest.attention = await compareAttention(decoder, (done, total) => {
      onProgress?.({ phase: 'compare attention', done, total });
      signal?.throwIfAborted();
    });
  } finally {
    await decoder.dispose();
  }
  await writeManifest(model);
}

async function writeManifest({ directory, manifest }: CompiledModel): Promise<void> {
  const write = (temporary: string) => writeFile(temporary, JSON.stringify(manifest));
  await publish(join(directory, 'model.json'), write, { replace: true });
}
