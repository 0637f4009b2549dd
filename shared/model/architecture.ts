/**
 * What the engine must know about a model, read from GGUF metadata. Features that are not implemented are refused by
 * name, because a model that is computed almost correctly gives wrong answers without any error.
 */
import { BlockragError } from '../errors.ts';
import type { GgufFile } from './gguf.ts';
import { unsupported } from './unsupported.ts';

/** Rotary position embedding. */
export interface Rope {
  /** Leading dimensions of a head that rotate; even. */
  dimensions: number;
  /** Angle per position of each rotated pair, [dimensions / 2], scaling included. */
  inverseFrequencies: number[];
}

/** Layers that see the nearest positions only (a sliding window). */
export interface LocalLayers {
  /** For each layer whether it is one. */
  layers: boolean[];
  /** Positions that a token sees, its own included. */
  window: number;
  rope: Rope;
}

/** The model families that are implemented, as GGUF names them. */
export const FAMILIES = ['llama', 'qwen2', 'qwen3', 'gemma3'] as const;

export interface Architecture {
  family: (typeof FAMILIES)[number];
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
  /** Of the layers that see everything. */
  rope: Rope;
  /** Absent where every layer sees everything. */
  local?: LocalLayers;
  qkvBias: boolean;
  qkNorm: boolean;
  tiedHead: boolean;
  /** What gemma does otherwise; absent in other families. */
  gemma?: {
    /** The embeddings are multiplied by it where tokens are looked up. */
    embeddingScale: number;
    /** The scores of attention are multiplied by it; elsewhere 1 / sqrt(head_dim). */
    attentionScale: number;
  };
}

/** gemma's layers that see everything are the last of every six, unless the model says otherwise. */
export const GEMMA_PATTERN = 6;
/** The base of gemma's local layers. */
export const GEMMA_LOCAL_BASE = 10_000;
/** The 27B has heads of its own measure: its scores are scaled by hidden / heads. */
const GEMMA_27B_LAYERS = 62;

/** Metadata under "{family}." that changes the computation and is not implemented, unless it has this value. */
const NEUTRAL: Readonly<Record<string, number>> = {
  expert_count: 0,
  expert_used_count: 0,
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
  if (family !== 'gemma3') {
    const window = file.number(`${family}.attention.sliding_window`) ?? 0;
    if (window !== 0) throw unsupported(`${family}.attention.sliding_window is ${window}`);
  }
  const hidden = required('embedding_length');
  const layers = required('block_count');
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
    layers,
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
    ...(family === 'gemma3' && {
      local: readGemmaLocal(file, layers, headDim, required('attention.sliding_window')),
      gemma: {
        embeddingScale: Math.sqrt(hidden),
        attentionScale: (layers === GEMMA_27B_LAYERS ? hidden / queryHeads : headDim) ** -0.5,
      },
    }),
  };
}

function readGemmaLocal(file: GgufFile, layers: number, headDim: number, window: number): LocalLayers {
  const pattern = file.value('gemma3.attention.sliding_window_pattern') ?? GEMMA_PATTERN;
  const isLocal = Array.isArray(pattern)
    ? Array.from({ length: layers }, (_, layer) => Boolean(pattern[layer]))
    : everyNthGlobal(layers, Number(pattern));
  const base = file.number('gemma3.rope.freq_base_swa') ?? GEMMA_LOCAL_BASE;
  return localLayers(isLocal, window, plainRope(base, headDim));
}

/** For each layer whether it is local, where each n-th is not. */
export function everyNthGlobal(layers: number, n: number): boolean[] {
  return Array.from({ length: layers }, (_, layer) => (layer + 1) % n !== 0);
}

/** @throws BlockragError `model_unsupported` where no layer sees everything: the engine counts on one */
export function localLayers(layers: boolean[], window: number, rope: Rope): LocalLayers {
  if (layers.every(Boolean)) throw unsupported('none of its layers sees the whole context');
  return { layers, window, rope };
}

/** Without scaling. */
export function plainRope(base: number, dimensions: number): Rope {
  const inverseFrequencies = Array.from(
    { length: dimensions / 2 },
    (_, i) => base ** ((-2 * i) / dimensions),
  );
  return { dimensions, inverseFrequencies };
}

async function readRope(file: GgufFile, family: string, headDim: number): Promise<Rope> {
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
