/** Choosing the next token from logits: greedy, or by temperature, top-k and top-p with a seeded generator. */

export interface Sampling {
  /** 0: greedy. */
  temperature: number;
  /** Only the k most likely tokens; 0: all. */
  topK: number;
  /** Only the most likely tokens that hold this much probability; 1: all. */
  topP: number;
  /** Same seed, same answer; undefined: a new one each time. */
  seed: number | undefined;
}

export const GREEDY: Sampling = { temperature: 0, topK: 0, topP: 1, seed: undefined };

/** Index of the largest logit, the first of equals. */
export function argmax(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
}

/** Natural-log probabilities of a row of logits. */
export function logSoftmax(logits: Float32Array): Float32Array {
  const peak = logits[argmax(logits)]!;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - peak);
  const offset = peak + Math.log(sum);
  return logits.map((logit) => logit - offset);
}

/** Ids of the k largest, in descending order. */
export function topIds(scores: Float32Array, k: number): number[] {
  return Array.from(scores.keys())
    .sort((a, b) => scores[b]! - scores[a]!)
    .slice(0, k);
}

/** A chooser of next tokens; holds the state of its random generator. */
export class Sampler {
  #sampling: Sampling;
  #random: () => number;

  constructor(sampling: Sampling) {
    this.#sampling = sampling;
    this.#random = sampling.seed === undefined ? Math.random : mulberry32(sampling.seed);
  }

  next(logits: Float32Array): number {
    const { temperature, topK, topP } = this.#sampling;
    if (temperature === 0) return argmax(logits);
    const peak = logits[argmax(logits)]!;
    // Tokens 30 nats below the best hold no probability that float32 could add up: they need no sorting.
    let candidates: number[] = [];
    for (let i = 0; i < logits.length; i++) {
      if ((logits[i]! - peak) / temperature > -30) candidates.push(i);
    }
    candidates.sort((a, b) => logits[b]! - logits[a]! || a - b);
    if (topK > 0) candidates = candidates.slice(0, topK);
    const weights = candidates.map((id) => Math.exp((logits[id]! - peak) / temperature));
    const total = weights.reduce((sum, w) => sum + w, 0);
    let kept = 0;
    let mass = 0;
    do mass += weights[kept++]!;
    while (kept < weights.length && mass < topP * total);
    let pick = this.#random() * mass;
    for (let i = 0; i < kept; i++) {
      pick -= weights[i]!;
      if (pick < 0) return candidates[i]!;
    }
    return candidates[kept - 1]!;
  }
}

/** A small generator of 32-bit quality, enough to pick tokens by (Tommy Ettinger's mulberry32). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
