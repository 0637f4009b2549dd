/** Blocks that are encoded together in one run of the model. */

/**
 * Tokens of one run at most that several blocks share, by provider. Scores between blocks are computed for nothing, so a CPU
 * gains from few tokens only (the fixed costs of short passages); a GPU is empty with less than thousands.
 */
export const SHARED_RUN = { cpu: 256, cuda: 4096 } as const;

/**
 * The same beside questions: a passage of usual length has a run of its own, so that a first token waits for no more
 * than that.
 */
export const RUN_BESIDE_QUESTIONS = 64;

/** Neighbours together, up to `limit` tokens a run; a longer block has a run of its own. */
export function inRuns<T extends { tokens: Uint32Array }>(blocks: readonly T[], limit: number): T[][] {
  const runs: T[][] = [];
  for (let at = 0; at < blocks.length; at += runs.at(-1)!.length) runs.push(runFrom(blocks, at, limit));
  return runs;
}

/** The run that begins with a block. */
export function runFrom<T extends { tokens: Uint32Array }>(
  blocks: readonly T[],
  at: number,
  limit: number,
): T[] {
  let tokens = blocks[at]!.tokens.length;
  let end = at + 1;
  while (end < blocks.length && tokens + blocks[end]!.tokens.length <= limit) {
    tokens += blocks[end++]!.tokens.length;
  }
  return blocks.slice(at, end);
}
