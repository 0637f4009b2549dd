/** Writes small GGUF files (version 3): https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
import { writeFile } from 'node:fs/promises';
import { GGMLQuantizationType } from '@huggingface/gguf';

export type MetadataValue = string | boolean | number | { float: number } | string[] | number[];
export type Metadata = Record<string, MetadataValue | undefined>;

export interface GgufTensor {
  /** Outermost dimension first. */
  shape: number[];
  /** GGML's number of the type. */
  type: number;
  bytes: Uint8Array;
}
export type Tensors = Record<string, GgufTensor | undefined>;

const ALIGNMENT = 32;

/** Writes a file; entries that are undefined are left out. Whole numbers are uint32, lists of them int32. */
export async function writeGguf(file: string, metadata: Metadata, tensors: Tensors): Promise<void> {
  const entries = Object.entries(metadata).filter(([, value]) => value !== undefined);
  const infos = Object.entries(tensors).filter(([, tensor]) => tensor !== undefined);
  const header = [Buffer.from('GGUF'), uint32(3), uint64(infos.length), uint64(entries.length)];
  for (const [key, value] of entries) header.push(string(key), typed(value!));
  const data: Buffer[] = [];
  let offset = 0;
  for (const [name, tensor] of infos) {
    const { shape, type, bytes } = tensor!;
    header.push(string(name), uint32(shape.length), ...shape.toReversed().map(uint64), uint32(type));
    header.push(uint64(offset));
    const padded = pad(Buffer.from(bytes));
    data.push(padded);
    offset += padded.length;
  }
  await writeFile(file, Buffer.concat([pad(Buffer.concat(header)), ...data]));
}

/** A float32 tensor of arbitrary small numbers. */
export function float32(...shape: number[]): GgufTensor {
  const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
  for (let i = 0; i < values.length; i++) values[i] = Math.sin(i * 12.9898 + shape.length) / 4;
  return { shape, type: GGMLQuantizationType.F32, bytes: new Uint8Array(values.buffer) };
}

/** A random llama of one layer: two query heads, one KV head, head_dim 16, vocabulary 64. */
export const TINY_LLAMA: { metadata: Metadata; tensors: Tensors } = {
  metadata: {
    'general.architecture': 'llama',
    'general.name': 'written by a test',
    'llama.block_count': 1,
    'llama.context_length': 128,
    'llama.embedding_length': 32,
    'llama.feed_forward_length': 32,
    'llama.attention.head_count': 2,
    'llama.attention.head_count_kv': 1,
    'llama.attention.layer_norm_rms_epsilon': { float: 1e-5 },
    'llama.rope.freq_base': { float: 10_000 },
  },
  tensors: {
    'token_embd.weight': float32(64, 32),
    'output_norm.weight': float32(32),
    'blk.0.attn_norm.weight': float32(32),
    'blk.0.attn_q.weight': float32(32, 32),
    'blk.0.attn_k.weight': float32(16, 32),
    'blk.0.attn_v.weight': float32(16, 32),
    'blk.0.attn_output.weight': float32(32, 32),
    'blk.0.ffn_norm.weight': float32(32),
    'blk.0.ffn_gate.weight': float32(32, 32),
    'blk.0.ffn_up.weight': float32(32, 32),
    'blk.0.ffn_down.weight': float32(32, 32),
  },
};

function typed(value: MetadataValue): Buffer {
  if (typeof value === 'string') return Buffer.concat([uint32(8), string(value)]);
  if (typeof value === 'boolean') return Buffer.concat([uint32(7), Buffer.of(value ? 1 : 0)]);
  if (typeof value === 'number') return Buffer.concat([uint32(4), uint32(value)]);
  if (!Array.isArray(value)) {
    const float = Buffer.alloc(4);
    float.writeFloatLE(value.float);
    return Buffer.concat([uint32(6), float]);
  }
  const strings = value.every((item) => typeof item === 'string');
  const items = value.map((item) => (typeof item === 'string' ? string(item) : uint32(item)));
  return Buffer.concat([uint32(9), uint32(strings ? 8 : 5), uint64(items.length), ...items]);
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

const pad = (bytes: Buffer) =>
  Buffer.concat([bytes, Buffer.alloc(Math.ceil(bytes.length / ALIGNMENT) * ALIGNMENT - bytes.length)]);
