/** RoPE as config.json describes it: `rope_scaling` of transformers up to 4, `rope_parameters` from 5 on. */
import { z } from 'zod';
import { BlockragError } from '../../errors.ts';
import { plainRope, type Rope } from '../architecture.ts';
import { unsupported } from '../unsupported.ts';
import type { HuggingFaceConfig } from './config.ts';

const positive = z.number().positive();

const scalingSchema = z.looseObject({
  rope_type: z.string().nullish(),
  /** The name of older files. */
  type: z.string().nullish(),
  rope_theta: positive.nullish(),
  factor: positive.nullish(),
  low_freq_factor: positive.nullish(),
  high_freq_factor: positive.nullish(),
  original_max_position_embeddings: positive.nullish(),
  partial_rotary_factor: positive.nullish(),
});

type Scaling = z.infer<typeof scalingSchema>;

/** transformers' default. */
const DEFAULT_BASE = 10_000;

/**
 * @param defaultBase transformers' of the family
 * @throws BlockragError `model_unsupported`, `model_corrupt`
 */
export function readRope(config: HuggingFaceConfig, headDim: number, defaultBase = DEFAULT_BASE): Rope {
  const parsed = scalingSchema.safeParse({ ...config.rope_scaling, ...config.rope_parameters });
  if (!parsed.success) throw corrupt(parsed.error.issues[0]?.path.join('.') ?? '');
  const scaling = parsed.data;
  const share = scaling.partial_rotary_factor ?? config.partial_rotary_factor ?? 1;
  const dimensions = Math.floor(headDim * share);
  if (dimensions % 2 !== 0 || dimensions <= 0 || dimensions > headDim) {
    throw unsupported(`${dimensions} of ${headDim} dimensions rotate`);
  }
  const base = scaling.rope_theta ?? config.rope_theta ?? defaultBase;
  const { inverseFrequencies: plain } = plainRope(base, dimensions);
  const type = scaling.rope_type ?? scaling.type ?? 'default';
  switch (type) {
    case 'default':
      return { dimensions, inverseFrequencies: plain };
    case 'linear': {
      const factor = required(scaling, 'factor');
      return { dimensions, inverseFrequencies: plain.map((frequency) => frequency / factor) };
    }
    case 'llama3':
      return { dimensions, inverseFrequencies: plain.map(llama3Scaling(scaling, config)) };
    default:
      throw unsupported(`its RoPE scaling is "${type}"`);
  }
}

/** Llama 3.1's: long waves are stretched, short ones kept, those between interpolated. */
function llama3Scaling(scaling: Scaling, config: HuggingFaceConfig): (frequency: number) => number {
  const factor = required(scaling, 'factor');
  const low = required(scaling, 'low_freq_factor');
  const high = required(scaling, 'high_freq_factor');
  const trained = scaling.original_max_position_embeddings ?? config.max_position_embeddings;
  return (frequency) => {
    const turns = (trained * frequency) / (2 * Math.PI);
    if (turns < low) return frequency / factor;
    if (turns > high) return frequency;
    const share = (turns - low) / (high - low);
    return (1 - share) * (frequency / factor) + share * frequency;
  };
}

function required(scaling: Scaling, field: 'factor' | 'low_freq_factor' | 'high_freq_factor'): number {
  const value = scaling[field];
  if (typeof value !== 'number') throw corrupt(field);
  return value;
}

function corrupt(field: string): BlockragError {
  return new BlockragError('model_corrupt', `config.json: ${field} of the RoPE scaling is wrong or missing.`);
}
