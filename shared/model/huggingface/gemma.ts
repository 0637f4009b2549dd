/** What config.json of a gemma3_text model says beside the common fields. */
import { z } from 'zod';
import { BlockragError } from '../../errors.ts';
import {
  type Architecture,
  everyNthGlobal,
  GEMMA_LOCAL_BASE,
  GEMMA_PATTERN,
  localLayers,
} from '../architecture.ts';
import { unsupported } from '../unsupported.ts';
import type { HuggingFaceConfig } from './config.ts';
import { readRope } from './rope.ts';

const positive = z.number().positive();
const rope = z.looseObject({}).nullish();

/** transformers' defaults, which a file may leave out. */
const gemmaSchema = z.looseObject({
  hidden_activation: z.string().default('gelu_pytorch_tanh'),
  query_pre_attn_scalar: positive.default(256),
  sliding_window: z.int().positive().default(4096),
  sliding_window_pattern: z.int().positive().default(GEMMA_PATTERN),
  rope_theta: positive.nullish(),
  rope_local_base_freq: positive.default(GEMMA_LOCAL_BASE),
  rope_parameters: z.looseObject({ full_attention: rope, sliding_attention: rope }).nullish(),
  use_bidirectional_attention: z.boolean().nullish(),
  attn_logit_softcapping: z.number().nullish(),
  final_logit_softcapping: z.number().nullish(),
});

/** The base of the layers that see everything. */
const GLOBAL_BASE = 1_000_000;
const KINDS = ['full_attention', 'sliding_attention'];

/** @throws BlockragError `model_unsupported`, `model_corrupt` */
export function readGemma(
  config: HuggingFaceConfig,
  headDim: number,
): Pick<Architecture, 'rope' | 'local' | 'gemma'> {
  const parsed = gemmaSchema.safeParse(config);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.');
    throw new BlockragError('model_corrupt', `config.json: ${field} is wrong or missing.`);
  }
  const gemma = parsed.data;
  if (gemma.hidden_activation !== 'gelu_pytorch_tanh') {
    throw unsupported(`its hidden_activation is "${gemma.hidden_activation}"`);
  }
  if (gemma.use_bidirectional_attention) throw unsupported('it attends in both directions');
  for (const field of ['attn_logit_softcapping', 'final_logit_softcapping'] as const) {
    if (gemma[field]) throw unsupported(`${field} is ${gemma[field]}`);
  }
  const unknown = config.layer_types?.find((type) => !KINDS.includes(type));
  if (unknown !== undefined) throw unsupported(`it has layers of "${unknown}"`);
  const isLocal =
    config.layer_types?.map((type) => type === 'sliding_attention') ??
    everyNthGlobal(config.num_hidden_layers, gemma.sliding_window_pattern);
  if (isLocal.length !== config.num_hidden_layers) {
    throw new BlockragError('model_corrupt', 'config.json: layer_types does not name every layer.');
  }
  // transformers up to 4: rope_theta and rope_scaling are of the global layers, rope_local_base_freq of the others.
  const { full_attention, sliding_attention } = gemma.rope_parameters ?? {};
  const global = { ...config, rope_parameters: full_attention };
  const local = {
    ...config,
    rope_theta: gemma.rope_local_base_freq,
    rope_scaling: null,
    rope_parameters: sliding_attention,
  };
  return {
    rope: readRope(global, headDim, GLOBAL_BASE),
    local: localLayers(isLocal, gemma.sliding_window, readRope(local, headDim)),
    gemma: {
      embeddingScale: Math.sqrt(config.hidden_size),
      attentionScale: gemma.query_pre_attn_scalar ** -0.5,
    },
  };
}
