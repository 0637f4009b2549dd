/** A model's architecture, read from the config.json of its Hugging Face directory. */
import { z } from 'zod';
import { BlockragError } from '../../errors.ts';
import { type Architecture, FAMILIES } from '../architecture.ts';
import { unsupported } from '../unsupported.ts';
import { readGemma } from './gemma.ts';
import { readRope } from './rope.ts';

const count = z.int().positive();

/** What is read of config.json; names are those of transformers. */
const configSchema = z.looseObject({
  model_type: z.string(),
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  max_position_embeddings: count,
  rms_norm_eps: z.number().positive(),
  hidden_act: z.string().default('silu'),
  tie_word_embeddings: z.boolean().nullish(),
  use_sliding_window: z.boolean().nullish(),
  layer_types: z.array(z.string()).nullish(),
  quantization_config: z.looseObject({ quant_method: z.string().default('unknown') }).nullish(),
  eos_token_id: z.union([z.int(), z.array(z.int())]).nullish(),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: z.looseObject({}).nullish(),
  rope_parameters: z.looseObject({}).nullish(),
  partial_rotary_factor: z.number().positive().nullish(),
});

export type HuggingFaceConfig = z.infer<typeof configSchema>;

/** Fields that change the computation and are not implemented, unless they have one of these values. */
const NEUTRAL: Readonly<Record<string, readonly unknown[]>> = {
  attention_multiplier: [1],
  embedding_multiplier: [1],
  residual_multiplier: [1],
  logits_scaling: [1],
  num_experts: [0],
  num_local_experts: [0],
};

/** @throws BlockragError `model_corrupt` */
export function readConfig(value: unknown): HuggingFaceConfig {
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BlockragError('model_corrupt', `config.json: ${issue?.path.join('.')} is wrong or missing.`, {
    cause: parsed.error,
  });
}

/**
 * @param shapes of all tensors, by name
 * @throws BlockragError `model_unsupported`, `model_corrupt`
 */
export function readHuggingFaceArchitecture(
  config: HuggingFaceConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
): Architecture {
  const family = familyOf(config.model_type);
  refuseUnknown(config, family);
  const hidden = config.hidden_size;
  const queryHeads = config.num_attention_heads;
  const kvHeads = config.num_key_value_heads ?? queryHeads;
  const headDim = config.head_dim ?? hidden / queryHeads;
  if (!Number.isInteger(headDim) || queryHeads % kvHeads !== 0) {
    throw unsupported(`${queryHeads} query heads, ${kvHeads} KV heads and ${headDim} dimensions do not fit`);
  }
  const vocabulary = shapes.get('model.embed_tokens.weight')?.[0];
  if (vocabulary === undefined) {
    throw new BlockragError('model_corrupt', 'The model has no model.embed_tokens.weight.');
  }
  return {
    family,
    layers: config.num_hidden_layers,
    hidden,
    feedForward: config.intermediate_size,
    queryHeads,
    kvHeads,
    headDim,
    vocabulary,
    contextLength: config.max_position_embeddings,
    normEpsilon: config.rms_norm_eps,
    ...(family === 'gemma3' ? readGemma(config, headDim) : { rope: readRope(config, headDim) }),
    qkvBias: shapes.has('model.layers.0.self_attn.q_proj.bias'),
    qkNorm: shapes.has('model.layers.0.self_attn.q_norm.weight'),
    tiedHead: (config.tie_word_embeddings ?? family === 'gemma3') || !shapes.has('lm_head.weight'),
  };
}

function familyOf(type: string): Architecture['family'] {
  if (type === 'gemma3_text') return 'gemma3';
  if (type === 'gemma3') {
    throw unsupported('its model_type is "gemma3", a model with a vision tower; take one of "gemma3_text"');
  }
  const family = FAMILIES.find((known) => known === type);
  if (family !== undefined) return family;
  const known = FAMILIES.map((name) => (name === 'gemma3' ? 'gemma3_text' : name)).join(', ');
  throw unsupported(`its model_type is "${type}"; implemented are ${known}`);
}

function refuseUnknown(config: HuggingFaceConfig, family: Architecture['family']): void {
  if (family !== 'gemma3') {
    if (config.hidden_act !== 'silu') throw unsupported(`its hidden_act is "${config.hidden_act}"`);
    if (config.use_sliding_window) throw unsupported('it uses a sliding window');
    const layer = config.layer_types?.find((type) => type !== 'full_attention');
    if (layer !== undefined) throw unsupported(`it has layers of "${layer}"`);
  }
  if (config.quantization_config) {
    const { quant_method } = config.quantization_config;
    throw unsupported(`its weights are quantized by "${quant_method}": take the float ones, or GGUF`);
  }
  for (const [field, neutral] of Object.entries(NEUTRAL)) {
    const value = config[field];
    if (value !== undefined && value !== null && !neutral.includes(value)) {
      throw unsupported(`${field} is ${JSON.stringify(value)}`);
    }
  }
}
