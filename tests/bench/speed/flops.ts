/** Floating-point operations of a prompt, counted as in the paper's table: two for each multiplication and addition. */
import type { Architecture } from '../../../shared/model/architecture.ts';

export interface Flops {
  /** Products with weights. */
  linear: number;
  /** Scores, and sums of values. */
  attention: number;
}

/** What is computed for `tokens` new tokens behind `context` tokens, of which the last gives logits. */
export function countFlops(architecture: Architecture, tokens: number, context: number): Flops {
  const { hidden, layers, queryHeads, kvHeads, headDim, feedForward, vocabulary } = architecture;
  const attentionWeights = hidden * headDim * (2 * queryHeads + 2 * kvHeads);
  const weights = layers * (attentionWeights + 3 * hidden * feedForward);
  const seen = tokens * context + (tokens * (tokens + 1)) / 2;
  return {
    linear: 2 * (weights * tokens + hidden * vocabulary),
    attention: 4 * layers * queryHeads * headDim * seen,
  };
}
