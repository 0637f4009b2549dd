/** Merging an adapter the way llama.cpp would store it: a new GGUF file of float32 tensors. */
import { GGMLQuantizationType, gguf } from '@huggingface/gguf';
import { GgufFile } from '../../shared/model/gguf.ts';
import { type GgufTensor, type Metadata, writeGguf } from './gguf.ts';
import type { TensorData } from './safetensors.ts';

/** Writes `to`: the model `from` with W + scale * B A, nothing else changed. */
export async function mergeIntoGguf(
  from: string,
  to: string,
  adapter: Record<string, TensorData>,
  scale: number,
): Promise<void> {
  const { typedMetadata } = await gguf(from, { allowLocalFile: true, typedMetadata: true });
  const metadata: Metadata = {};
  for (const [key, { value, type }] of Object.entries(typedMetadata)) {
    // 6: float32. The first three are the header's own counts.
    if (key.includes('.')) metadata[key] = type === 6 ? { float: value as number } : (value as number);
  }
  const family = String(metadata['general.architecture']);
  const heads = (name: string) => Number(metadata[`${family}.attention.${name}`]);
  const file = await GgufFile.open(from);
  const tensors: Record<string, GgufTensor> = {};
  for (const [name, { shape }] of file.tensors) {
    const values = await file.read(name, shape);
    const stem = name.replace(/\.weight$/, '');
    const a = adapter[`${stem}.lora_a`];
    if (a !== undefined) {
      let change = product(adapter[`${stem}.lora_b`]!, a, scale);
      if (family === 'llama' && stem.endsWith('attn_q')) change = permute(change, heads('head_count'));
      if (family === 'llama' && stem.endsWith('attn_k')) change = permute(change, heads('head_count_kv'));
      change.flat().forEach((delta, i) => {
        values[i]! += delta;
      });
    }
    tensors[name] = { shape, type: GGMLQuantizationType.F32, bytes: new Uint8Array(values.buffer) };
  }
  await file.close();
  await writeGguf(to, metadata, tensors);
}

function product(b: TensorData, a: TensorData, scale: number): number[][] {
  const [outputs, rank] = b.shape as [number, number];
  const inputs = a.shape[1]!;
  return Array.from({ length: outputs }, (_, row) =>
    Array.from({ length: inputs }, (_, column) => {
      let sum = 0;
      for (let r = 0; r < rank; r++) sum += b.values[row * rank + r]! * a.values[r * inputs + column]!;
      return scale * sum;
    }),
  );
}

/** llama.cpp's converter: reshape [heads, 2, half, inputs], swap the middle axes. */
function permute(rows: number[][], heads: number): number[][] {
  const headDim = rows.length / heads;
  const half = headDim / 2;
  return rows.map((_, at) => {
    const head = Math.floor(at / headDim);
    const within = at % headDim;
    return rows[head * headDim + (within % 2) * half + Math.floor(within / 2)]!;
  });
}
