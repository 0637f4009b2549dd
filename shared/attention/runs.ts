/** Blocks that are encoded together in one run of the model. */

/**
 * Tokens of one run at most that several blocks share, by provider. Scores between blocks are computed for nothing, so a CPU
 * gains from few tokens only (the fixed costs of short passages); a GPU is empty with less than thousands.
 */
export const SHARED_RUN = { cpu: 256, cuda: 4096 } as const;

/** Neighbours together, up to `limit` tokens a run; a longer block has a run of its own. */
export function inRuns<T extends { tokens: Uint32Array }>(blocks: readonly T[], limit: number): T[][] {
  const runs: T[][] = [];
  let tokens = Number.POSITIVE_INFINITY;
  for (const block of blocks) {
    tokens += block.tokens.length;
    if (tokens > limit) {
      runs.push([]);
      tokens = block.tokens.length;
    }
    runs.at(-1)!.push(block);
  }
  return runs;
}
