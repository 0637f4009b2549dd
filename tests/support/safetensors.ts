/** Writes safetensors files: https://github.com/huggingface/safetensors#format */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Architecture } from '../../shared/model/architecture.ts';
import { toHalf } from '../../shared/model/half.ts';

export type FloatType = 'F16' | 'BF16' | 'F32';

export interface TensorData {
  dtype: FloatType;
  shape: number[];
  values: Float32Array;
}

/** The bytes of a file; `edit` changes the header before it is written. */
export function safetensors(
  tensors: Record<string, TensorData>,
  edit: (header: Record<string, unknown>) => void = () => {},
): Buffer {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const parts: Buffer[] = [];
  let end = 0;
  for (const [name, { dtype, shape, values }] of Object.entries(tensors)) {
    const part = pack(dtype, values);
    header[name] = { dtype, shape, data_offsets: [end, end + part.length] };
    end += part.length;
    parts.push(part);
  }
  edit(header);
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}

function pack(dtype: FloatType, values: Float32Array): Buffer {
  if (dtype === 'F32') return Buffer.from(values.slice().buffer);
  if (dtype === 'F16') return Buffer.from(toHalf(values).buffer);
  // The upper halves of the float32 values, cut off.
  const halves = new Uint16Array(values.slice().buffer).filter((_, i) => i % 2 === 1);
  return Buffer.from(halves.buffer);
}

export const RANK = 3;
export const SCALE = 2;

/** Tensors of an adapter of arbitrary small numbers for all linear layers; another seed, other numbers. */
export function adapterTensors(
  { layers, hidden, feedForward, queryHeads, kvHeads, headDim }: Architecture,
  dtype: FloatType,
  seed = 0,
): Record<string, TensorData> {
  const shapes: Record<string, [outputs: number, inputs: number]> = {
    attn_q: [queryHeads * headDim, hidden],
    attn_k: [kvHeads * headDim, hidden],
    attn_v: [kvHeads * headDim, hidden],
    attn_output: [hidden, queryHeads * headDim],
    ffn_gate: [feedForward, hidden],
    ffn_up: [feedForward, hidden],
    ffn_down: [hidden, feedForward],
  };
  const tensors: Record<string, TensorData> = {};
  let at = seed;
  const random = (shape: number[]): TensorData => {
    const values = new Float32Array(shape[0]! * shape[1]!);
    // Multiples of 1/128 are exact in every type.
    for (let i = 0; i < values.length; i++) values[i] = Math.round(Math.sin(++at * 12.9898) * 16) / 128;
    return { dtype, shape, values };
  };
  for (let layer = 0; layer < layers; layer++) {
    for (const [name, [outputs, inputs]] of Object.entries(shapes)) {
      tensors[`blk.${layer}.${name}.lora_a`] = random([RANK, inputs]);
      tensors[`blk.${layer}.${name}.lora_b`] = random([outputs, RANK]);
    }
  }
  return tensors;
}

/** Writes adapter.safetensors and adapter.json into a folder; gives the first one's path. */
export async function writeAdapter(
  folder: string,
  bytes: Uint8Array,
  base: string,
  description: Record<string, unknown> = {},
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'adapter.safetensors');
  await writeFile(file, bytes);
  const about = { format: 1, base: { name: 'base.gguf', sha256: base }, rank: RANK, scale: SCALE };
  await writeFile(
    join(folder, 'adapter.json'),
    JSON.stringify({ ...about, row_order: 'half-split', ...description }),
  );
  return file;
}
