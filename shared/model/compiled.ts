/** A compiled model's directory: model.onnx, weights.data, model.json, and tokenizer.json where there is one. */

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockragError } from '../errors.ts';
import type { AdapterIdentity } from './adapter.ts';
import type { Architecture } from './architecture.ts';
import type { ComputeType } from './compute.ts';
import { sourceModelId } from './sources/model-id.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';

/** Raised when the format or the numbers of compiled files change; older files are then compiled again. */
export const COMPILER_VERSION = 8;

/** Verdict of the self-check (attention/self-check.ts); natural logarithms. */
export interface Check {
  /** Largest difference of log-probability between one pass and encode, blob, re-encode, attend (fp32 blobs). */
  exactness: number;
  /** Mean KL divergence of the next-token distribution between the same two. */
  divergence: number;
  /** Mean KL divergence of one pass and int8 blobs. */
  blobDivergence: number;
  /** Mean log-probability per byte of a bundled English text; null where it was not (or cannot be) run. */
  textScore: number | null;
}

/** How many of the bundled questions (attention/comparison-text.ts) a model answers right under both attentions. */
export interface AttentionCost {
  questions: number;
  full: number;
  block: number;
}

/** model.json */
export interface ModelManifest {
  /** What the file calls itself; the model's id is another (sources/model-id.ts). */
  name: string;
  source: { file: string; sha256: string };
  /** What was merged into the source's weights. */
  adapter: AdapterIdentity | null;
  compute: ComputeType;
  architecture: Architecture;
  /** Identifies the numbers of keys and values: source weights and adapter. */
  weightsHash: string;
  ropeHash: string;
  hasTokenizer: boolean;
  /** For each layer the constant bias of the keys [kv_heads * head_dim], or null (qwen2 has one). */
  keyBias: number[][] | null;
  files: { name: string; bytes: number }[];
  /** null only while compiling. */
  check: Check | null;
  /** null where it was not measured (`prepareModel`). */
  attention: AttentionCost | null;
}

export class CompiledModel {
  readonly directory: string;
  readonly manifest: ModelManifest;
  readonly keyBias: Float32Array[] | undefined;
  #tokenizer: Promise<Tokenizer> | undefined;

  private constructor(directory: string, manifest: ModelManifest) {
    this.directory = directory;
    this.manifest = manifest;
    this.keyBias = manifest.keyBias?.map((row) => Float32Array.from(row));
  }

  /** Opens a directory; its files' sizes are checked. @throws BlockragError `model_corrupt` */
  static async open(directory: string): Promise<CompiledModel> {
    const damaged = (name: string, cause?: unknown) =>
      new BlockragError(
        'model_corrupt',
        `The compiled model in ${directory} is damaged (${name}): delete that folder, it will be made again.`,
        { cause },
      );
    const text = await readFile(join(directory, 'model.json'), 'utf8');
    let manifest: ModelManifest;
    try {
      // What was compiled before there were adapters has none, and attention was not always compared.
      type Oldest = Omit<ModelManifest, 'adapter' | 'attention'>;
      manifest = { adapter: null, attention: null, ...(JSON.parse(text) as Oldest) };
      if (!Array.isArray(manifest.files)) throw new TypeError('it lists no files');
    } catch (error) {
      throw damaged('model.json', error);
    }
    for (const { name, bytes } of manifest.files) {
      const found = await stat(join(directory, name)).catch(() => undefined);
      if (found?.size !== bytes) throw damaged(name);
    }
    return new CompiledModel(directory, manifest);
  }

  /** The model's id, as far as its file tells; whoever opened it by a reference knows better (`modelId`). */
  get id(): string {
    return sourceModelId(this.manifest.source);
  }

  get graphFile(): string {
    return join(this.directory, 'model.onnx');
  }

  get tokenizerFile(): string {
    return join(this.directory, 'tokenizer.json');
  }

  /** @throws BlockragError `model_no_tokenizer` for a file that carries none */
  tokenizer(): Promise<Tokenizer> {
    if (!this.manifest.hasTokenizer) {
      return Promise.reject(
        new BlockragError('model_no_tokenizer', `The model ${this.id} carries no tokenizer.`),
      );
    }
    this.#tokenizer ??= loadTokenizer(this.tokenizerFile);
    return this.#tokenizer;
  }
}
