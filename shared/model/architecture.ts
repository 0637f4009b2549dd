/**
 * What the engine must know about a model, read from GGUF metadata. Features that are not implemented are refused by
 * name, because a model that is computed almost correctly gives wrong answers without any error.
 */
import { BlockragError } from '../errors.ts';
import type { GgufFile } from './gguf.ts';
import { unsupported } from './unsupported.ts';

export interface Architecture {
  family: 'llama' | 'qwen2' | 'qwen3';
  layers: number;
  /** Width of the hidden state. */
  hidden: number;
  feedForward: number;
  queryHeads: number;
  kvHeads: number;
  headDim: number;
  vocabulary: number;
  /** Tokens the model was trained to take. */
  contextLength: number;
  normEpsilon: number;
  rope: {
    /** Leading dimensions of a head that rotate; even. */
    dimensions: number;
    /** Angle per position of each rotated pair, [dimensions / 2], scaling included. */
    inverseFrequencies: number[];
  };
  qkvBias: boolean;
  qkNorm: boolean;
  tiedHead: boolean;
}

const FAMILIES = ['llama', 'qwen2', 'qwen3'] as const;

/** Metadata under "{family}." that changes the computation and is not implemented, unless it has this value. */
const NEUTRAL: Readonly<Record<string, number>> = {
  expert_count: 0,
  expert_used_count: 0,
  'attention.sliding_window': 0,
  'rope.scaling.attn_factor': 1,
  logit_scale: 1,
  embedding_scale: 1,
  residual_scale: 1,
  'attention.scale': 0,
  attn_logit_softcapping: 0,
  final_logit_softcapping: 0,
};

/** Reads and checks a model's architecture. @throws BlockragError `model_unsupported`, `model_corrupt` */
export async function readArchitecture(file: GgufFile): Promise<Architecture> {
  const name = file.string('general.architecture') ?? '';
  const family = FAMILIES.find((known) => known === name);
  if (family === undefined) {
    throw unsupported(`its architecture is "${name}"; implemented are ${FAMILIES.join(', ')}`);
  }
  const required = (key: string): number => {
    const value = file.number(`${family}.${key}`);
    if (value === undefined || !(value > 0)) {
      throw new BlockragError('model_corrupt', `The model's metadata lacks ${family}.${key}.`);
    }
    return value;
  };
  for (const [key, neutral] of Object.entries(NEUTRAL)) {
    const value = file.number(`${family}.${key}`);
    if (value !== undefined && value !== neutral) throw unsupported(`${family}.${key} is ${value}`);
  }
  const hidden = required('embedding_length');
  const queryHeads = required('attention.head_count');
  const kvHeads = file.number(`${family}.attention.head_count_kv`) ?? queryHeads;
  const headDim = file.number(`${family}.attention.key_length`) ?? hidden / queryHeads;
  const valueDim = file.number(`${family}.attention.value_length`) ?? headDim;
  if (valueDim !== headDim) throw unsupported(`keys have ${headDim} dimensions and values ${valueDim}`);
  if (!Number.isInteger(headDim) || queryHeads % kvHeads !== 0) {
    throw unsupported(`${queryHeads} query heads, ${kvHeads} KV heads and ${headDim} dimensions do not fit`);
  }
  const embedding = file.tensors.get('token_embd.weight');
  if (embedding === undefined)
    throw new BlockragError('model_corrupt', 'The model has no token_embd.weight.');
  return {
    family,
    layers: required('block_count'),
    hidden,
    feedForward: required('feed_forward_length'),
    queryHeads,
    kvHeads,
    headDim,
    vocabulary: embedding.shape[0]!,
    contextLength: required('context_length'),
    normEpsilon: required('attention.layer_norm_rms_epsilon'),
    rope: await readRope(file, family, headDim),
    qkvBias: file.tensors.has('blk.0.attn_q.bias'),
    qkNorm: file.tensors.has('blk.0.attn_q_norm.weight'),
    tiedHead: !file.tensors.has('output.weight'),
  };
}

async function readRope(file: GgufFile, family: string, headDim: number): Promise<Architecture['rope']> {
  const dimensions = file.number(`${family}.rope.dimension_count`) ?? headDim;
  if (dimensions % 2 !== 0 || dimensions <= 0 || dimensions > headDim) {
    throw unsupported(`${dimensions} of ${headDim} dimensions rotate`);
  }
  const scaling = file.string(`${family}.rope.scaling.type`) ?? 'none';
  if (scaling !== 'none' && scaling !== 'linear') throw unsupported(`its RoPE scaling is "${scaling}"`);
  const factor =
    file.number(`${family}.rope.scaling.factor`) ?? file.number(`${family}.rope.scale_linear`) ?? 1;
  if (!(factor > 0)) throw unsupported(`its RoPE scaling factor is ${factor}`);
  // A factor without a type is linear, as in llama.cpp; "none" switches it off.
  const linear = scaling === 'none' && file.string(`${family}.rope.scaling.type`) !== undefined ? 1 : factor;
  const base = file.number(`${family}.rope.freq_base`) ?? 10_000;
  const half = dimensions / 2;
  // Llama 3's scaling: each frequency divided by a factor of its own.
  const divisors = file.tensors.has('rope_freqs.weight')
    ? await file.read('rope_freqs.weight', [half])
    : new Float32Array(half).fill(1);
  return {
    dimensions,
    inverseFrequencies: Array.from(divisors, (d, i) => base ** ((-2 * i) / dimensions) / (d * linear)),
  };
}
