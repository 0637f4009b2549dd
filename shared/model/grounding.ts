/**
 * The heads that show what an answer rests on. Most heads attend to nearby tokens, whatever they say; a few look up
 * the passage that the answer is taken from ("retrieval heads", arXiv 2404.15574).
 */
import type { Architecture } from './architecture.ts';

/** Query heads by layer, both from 0. */
export type GroundingHeads = readonly { layer: number; head: number }[];

/**
 * Heads of models that they were measured for, by the SHA-256 of their source: those whose attention goes most often
 * to the gold passage of a question (tests/eval/grounding-heads.ts, questions of the training mix). Those of the base
 * serve with an adapter too (docs/lab/accuracy.md).
 */
const MEASURED: Readonly<Record<string, GroundingHeads>> = {
  // SmolLM2-135M-Instruct.Q4_1.gguf
  b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53: [
    { layer: 7, head: 7 },
    { layer: 18, head: 6 },
    { layer: 18, head: 7 },
  ],
};

/**
 * The measured heads, or, for other models, all heads of the layers between a half and three quarters: coarser. Only
 * layers that see the whole context: of them all where none lies there.
 */
export function groundingHeads(sourceHash: string, architecture: Architecture): GroundingHeads {
  const measured = MEASURED[sourceHash];
  if (measured !== undefined) return measured;
  const { layers, queryHeads, local } = architecture;
  const from = Math.floor(layers / 2);
  const to = Math.max(from + 1, Math.floor((layers * 3) / 4));
  const global = Array.from({ length: layers }, (_, layer) => layer).filter((layer) => !local?.layers[layer]);
  const between = global.filter((layer) => layer >= from && layer < to);
  return (between.length > 0 ? between : global).flatMap((layer) =>
    Array.from({ length: queryHeads }, (_, head) => ({ layer, head })),
  );
}
