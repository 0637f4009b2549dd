/** How text is generated, as clients of OpenAI and of servers like it say it. */
import { z } from 'zod';
import { DEFAULT_MAX_TOKENS, DEFAULT_TOP_K } from '../../../pipeline/defaults.ts';
import { filterSchema } from '../../../pipeline/metadata.ts';
import type { Generation } from '../../../pipeline/question/generate.ts';
import { nameSchema, sampling } from '../../schemas/requests.ts';

/** Tokens of an answer at most, in whatever field: more than fits is as many as fit. */
export const maxTokensSchema = z
  .int()
  .nullish()
  .meta({ description: 'More than fits, or -1: as many as fit. 0: the default.' });

export const samplingFields = {
  temperature: sampling.temperature.nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  stop: sampling.stop.nullish(),
  seed: z.number().nullish().meta({ description: 'Less than 0: a new one each time.' }),
};

export const extensionFields = z
  .strictObject({
    collection: nameSchema.optional(),
    filter: filterSchema.optional(),
    top_k: sampling.topK.default(DEFAULT_TOP_K),
    attention: sampling.attention.default('block'),
  })
  .nullish()
  .meta({ description: 'What OpenAI has no field for. Without a collection: a chat without documents.' });

export type Extension = z.infer<typeof extensionFields>;

interface Given {
  maxTokens?: number | null | undefined;
  temperature?: number | null | undefined;
  top_p?: number | null | undefined;
  seed?: number | null | undefined;
  stop?: readonly string[] | null | undefined;
}

const SEEDS = 2 ** 32;

export function toGeneration({ maxTokens, temperature, top_p: topP, seed, stop }: Given) {
  return {
    maxTokens: toMaxTokens(maxTokens),
    sampling: {
      temperature: temperature ?? 0,
      // A share of 0 is the likeliest token alone, as any other that one token holds.
      topP: topP === 0 ? Number.MIN_VALUE : (topP ?? 1),
      topK: 0,
      seed: seed === undefined || seed === null || seed < 0 ? undefined : Math.trunc(seed) % SEEDS,
    },
    stop: stop ?? [],
  } satisfies Omit<Generation, 'tenant'>;
}

/** Servers like OpenAI's take -1 for "as many as fit"; clients send 0 for "not set". */
function toMaxTokens(given: number | null | undefined): number {
  if (given === undefined || given === null || given === 0) return DEFAULT_MAX_TOKENS;
  return given < 0 ? Number.POSITIVE_INFINITY : given;
}
