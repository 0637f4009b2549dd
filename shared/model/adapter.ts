/**
 * Adapters (LoRA, arXiv 2106.09685) as infra/finetune exports them: adapter.safetensors, and adapter.json beside
 * it. Merged into the weights in float32 when a model is compiled: W + scale * B A.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { BlockragError } from '../errors.ts';
import type { Architecture } from './architecture.ts';
import type { Matrix } from './onnx/linear.ts';
import { Safetensors } from './safetensors.ts';
import { KNOWN_MODELS } from './sources/catalogue.ts';
import type { LayerWeights, WeightSource } from './weights.ts';

/** What a compiled model says of its adapter. */
export interface AdapterIdentity {
  /** Name of the folder that it lay in. */
  name: string;
  /** SHA-256 of the tensors' file and the scale, 64 hex digits. */
  sha256: string;
  rank: number;
}

/** An adapter in a sentence. */
export function adapterLabel({ name, sha256 }: Pick<AdapterIdentity, 'name' | 'sha256'>): string {
  return `the adapter ${name} (${sha256.slice(0, 12)})`;
}

export interface Adapter extends AdapterIdentity {
  scale: number;
  /** The model that it was trained on, by the SHA-256 of its file. */
  base: { name: string; sha256: string };
  /**
   * `blk.N.TENSOR.lora_a` [rank, inputs] and `blk.N.TENSOR.lora_b` [outputs, rank]; rows of queries and keys in
   * half-split order, as in `LayerWeights`.
   */
  tensors: Safetensors;
}

const descriptionSchema = z.object({
  format: z.literal(1),
  base: z.object({ name: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  rank: z.number().int().positive(),
  scale: z.number(),
  row_order: z.literal('half-split'),
});

/** A folder for each; a bundle has a copy of it. */
const SHIPPED = fileURLToPath(new URL('./adapters/', import.meta.url));

/** The file of the adapter that the catalogue calls so. */
export function shippedAdapter(name: string): string {
  return join(SHIPPED, name, 'adapter.safetensors');
}

/**
 * The path of the adapter that a model is used with; undefined: none.
 * @param adapter a path, `none`, or `shipped`: the one that comes with a known model, where one does
 */
export function adapterFile(reference: string, adapter: string): string | undefined {
  if (adapter === 'none') return undefined;
  if (adapter !== 'shipped') return adapter;
  const shipped = Object.hasOwn(KNOWN_MODELS, reference) ? KNOWN_MODELS[reference]!.adapter : undefined;
  return shipped === undefined ? undefined : shippedAdapter(shipped);
}

/**
 * Reads adapter.safetensors and the adapter.json beside it.
 * @throws BlockragError `invalid_option` when there is no such file, `model_corrupt`
 */
export async function readAdapter(file: string): Promise<Adapter> {
  const path = resolve(file);
  const description = join(dirname(path), 'adapter.json');
  const [bytes, text] = await Promise.all([readPart(path), readPart(description)]);
  let parsed: z.infer<typeof descriptionSchema>;
  try {
    parsed = descriptionSchema.parse(JSON.parse(text.toString('utf8')));
  } catch (cause) {
    const message = `${description} does not describe an adapter of format 1 with half-split rows.`;
    throw new BlockragError('model_corrupt', message, { cause });
  }
  const { base, rank, scale } = parsed;
  const sha256 = createHash('sha256').update(bytes).update(`scale ${scale}`).digest('hex');
  const name = basename(dirname(path));
  return { name, sha256, rank, scale, base, tensors: new Safetensors(basename(path), bytes) };
}

async function readPart(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: unknown) => {
    throw new BlockragError('invalid_option', `The adapter's file ${file} cannot be read.`, { cause });
  });
}

/** @throws BlockragError `invalid_option` for an adapter of another model. @param sha256 the model file's */
export function requireBase({ name, base }: Adapter, sha256: string): void {
  if (base.sha256 === sha256) return;
  const message = `The adapter ${name} belongs to ${base.name} (${base.sha256.slice(0, 12)}), not to this model (${sha256.slice(0, 12)}): leave it out with --no-adapter, or name the model's own with --adapter.`;
  throw new BlockragError('invalid_option', message);
}

/** Where a GGUF tensor's rows lie in the fused matrices. */
interface Part {
  tensor: string;
  matrix: 'qkv' | 'attentionOutput' | 'gateUp' | 'down';
  firstRow: number;
  outputs: number;
  inputs: number;
}

function partsOf({ hidden, feedForward, queryHeads, kvHeads, headDim }: Architecture): Part[] {
  const queryRows = queryHeads * headDim;
  const kvRows = kvHeads * headDim;
  const part = (
    tensor: string,
    matrix: Part['matrix'],
    firstRow: number,
    outputs: number,
    inputs: number,
  ): Part => ({ tensor, matrix, firstRow, outputs, inputs });
  return [
    part('attn_q', 'qkv', 0, queryRows, hidden),
    part('attn_k', 'qkv', queryRows, kvRows, hidden),
    part('attn_v', 'qkv', queryRows + kvRows, kvRows, hidden),
    part('attn_output', 'attentionOutput', 0, hidden, queryRows),
    part('ffn_gate', 'gateUp', 0, feedForward, hidden),
    part('ffn_up', 'gateUp', feedForward, feedForward, hidden),
    part('ffn_down', 'down', 0, hidden, feedForward),
  ];
}

/**
 * The same model with the adapter merged into every linear layer.
 * @throws BlockragError `model_corrupt` for tensors that are missing, too many, misshapen, or (once a layer is
 * read) not finite
 */
export function adaptedWeights(
  source: WeightSource,
  architecture: Architecture,
  adapter: Adapter,
): WeightSource {
  const { tensors, rank, scale } = adapter;
  const parts = partsOf(architecture);
  const expected = new Set<string>();
  for (let layer = 0; layer < architecture.layers; layer++) {
    for (const { tensor, outputs, inputs } of parts) {
      const { a, b } = names(layer, tensor);
      tensors.require(a, [rank, inputs]);
      tensors.require(b, [outputs, rank]);
      expected.add(a).add(b);
    }
  }
  const unknown = tensors.names.find((name) => !expected.has(name));
  if (unknown !== undefined) {
    throw new BlockragError('model_corrupt', `The adapter ${adapter.name} has an unknown tensor ${unknown}.`);
  }
  return {
    ...source,
    async layer(index): Promise<LayerWeights> {
      const layer = await source.layer(index);
      for (const { tensor, matrix, firstRow, outputs, inputs } of parts) {
        const { a, b } = names(index, tensor);
        const change = { a: tensors.read(a, [rank, inputs]), b: tensors.read(b, [outputs, rank]), scale };
        merge(layer[matrix], firstRow, outputs, change);
      }
      return layer;
    },
  };
}

const names = (layer: number, tensor: string) => ({
  a: `blk.${layer}.${tensor}.lora_a`,
  b: `blk.${layer}.${tensor}.lora_b`,
});

/** Adds scale * B A to the rows from `firstRow` on; a row's change is summed in double precision. */
function merge(
  { inputs, weight }: Matrix,
  firstRow: number,
  outputs: number,
  { a, b, scale }: { a: Float32Array; b: Float32Array; scale: number },
): void {
  const rank = a.length / inputs;
  const change = new Float64Array(inputs);
  for (let row = 0; row < outputs; row++) {
    change.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = scale * b[row * rank + r]!;
      for (let i = 0; i < inputs; i++) change[i]! += factor * a[r * inputs + i]!;
    }
    const at = (firstRow + row) * inputs;
    for (let i = 0; i < inputs; i++) weight[at + i]! += change[i]!;
  }
}
