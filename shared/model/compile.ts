/**
 * Compiles a model as its makers publish it into a directory that the engine opens: graph, weights, tokenizer and what
 * is known of them.
 */

import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { publish } from '../files/publish.ts';
import { type Adapter, adaptedWeights } from './adapter.ts';
import type { Architecture } from './architecture.ts';
import { type Check, CompiledModel, type ModelManifest } from './compiled.ts';
import { type CompiledFrom, compiledDirectory } from './compiled-place.ts';
import { groundingHeads } from './grounding.ts';
import { writeDecoder } from './onnx/decoder.ts';
import { WeightsFile } from './onnx/graph.ts';
import { openOriginal } from './open-original.ts';
import type { OriginalModel } from './original.ts';
import { rotateWeights } from './rotation.ts';
import { type ActivationPeaks, smoothWeights } from './smoothing.ts';
import type { WeightSource } from './weights.ts';

export interface CompileOptions extends Omit<CompiledFrom, 'sha256'> {
  /** The GGUF file, or the directory as Hugging Face has it, and its SHA-256. */
  source: { file: string; sha256: string };
  /** Observes a model compiled with observers on a calibration text (for w8a8). */
  calibrate(model: CompiledModel): Promise<ActivationPeaks>;
  /** The self-check that ends every compilation. @throws BlockragError `model_check_failed` */
  check(model: CompiledModel): Promise<Check>;
  onProgress?: ((progress: { phase: string; done: number; total: number | undefined }) => void) | undefined;
}

/**
 * Compiles once: a model that is there is opened. Two processes that compile the same at once both succeed.
 * @throws BlockragError `model_corrupt`, `model_unsupported`, `model_check_failed`, `invalid_option` for an adapter
 * of another model
 */
export async function compileModel(options: CompileOptions): Promise<CompiledModel> {
  const directory = compiledDirectory({ ...options, sha256: options.source.sha256 });
  await publish(directory, async (temporary) => {
    const original = await openOriginal(options.source.file);
    try {
      await compileInto(temporary, original, options);
    } finally {
      await original.close();
    }
  });
  return CompiledModel.open(directory);
}

async function compileInto(
  directory: string,
  original: OriginalModel,
  options: CompileOptions,
): Promise<void> {
  const { adapter, compute, source } = options;
  const { architecture, tokenizer } = original;
  let { weights } = original;
  if (adapter !== undefined) weights = adaptedWeights(weights, architecture, adapter);
  const manifest: ModelManifest = {
    name: original.name ?? basename(source.file, '.gguf'),
    source: { file: basename(source.file), sha256: source.sha256 },
    adapter:
      adapter === undefined ? null : { name: adapter.name, sha256: adapter.sha256, rank: adapter.rank },
    compute,
    architecture,
    weightsHash: weightsHash(source.sha256, adapter),
    ropeHash: ropeHash(architecture),
    hasTokenizer: tokenizer !== undefined,
    keyBias: await readKeyBias(weights, architecture),
    files: [],
    check: null,
    attention: null,
  };
  const write = async (to: string, from: WeightSource, observe: boolean) => {
    const phase = observe ? 'calibrate' : 'compile';
    await mkdir(to, { recursive: true });
    const data = await WeightsFile.create(to, 'weights.data');
    try {
      const graph = await writeDecoder(architecture, from, data, {
        // The observing model is only run a few times; 8-bit blocks are close enough to read peaks from.
        compute: observe ? 'q8' : compute,
        grounding: groundingHeads(source.sha256, architecture),
        observe,
        onLayer: (done, total) => options.onProgress?.({ phase, done, total }),
      });
      await writeFile(join(to, 'model.onnx'), graph);
    } finally {
      await data.close();
    }
    if (tokenizer !== undefined) await writeFile(join(to, 'tokenizer.json'), JSON.stringify(tokenizer));
    await writeManifest(to, manifest);
    return CompiledModel.open(to);
  };
  if (compute === 'w8a8') {
    // Inside, so that what a killed process leaves is removed with the rest.
    const observed = join(directory, 'observed');
    try {
      const peaks = await options.calibrate(await write(observed, weights, true));
      // What only 8-bit activations need; queries, keys and values, and so stored blobs, stay as they are.
      weights = rotateWeights(smoothWeights(weights, architecture, peaks), architecture);
    } finally {
      await rm(observed, { recursive: true, force: true });
    }
  }
  const compiled = await write(directory, weights, false);
  options.onProgress?.({ phase: 'check', done: 0, total: undefined });
  manifest.check = await options.check(compiled);
  await writeManifest(directory, manifest);
}

function weightsHash(source: string, adapter: Adapter | undefined): string {
  if (adapter === undefined) return source;
  return createHash('sha256').update(`${source} ${adapter.sha256}`).digest('hex');
}

function ropeHash({ rope, local }: Architecture): string {
  const what = local === undefined ? rope : { rope, local };
  return createHash('sha256').update(JSON.stringify(what)).digest('hex');
}

async function writeManifest(directory: string, manifest: ModelManifest): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name !== 'model.json');
  manifest.files = await Promise.all(
    names.map(async (name) => ({ name, bytes: (await stat(join(directory, name))).size })),
  );
  await writeFile(join(directory, 'model.json'), JSON.stringify(manifest));
}

/** The bias rows of the keys, which every stored key holds: see kv/blob.ts. */
async function readKeyBias(weights: WeightSource, architecture: Architecture): Promise<number[][] | null> {
  const { qkvBias, qkNorm, layers, queryHeads, kvHeads, headDim } = architecture;
  // After a norm of the keys the bias is no longer a constant part of them.
  if (!qkvBias || qkNorm) return null;
  const rows: number[][] = [];
  for (let layer = 0; layer < layers; layer++) {
    const { qkv } = await weights.layer(layer);
    const from = queryHeads * headDim;
    rows.push(Array.from(qkv.bias!.subarray(from, from + kvHeads * headDim)));
  }
  return rows;
}
