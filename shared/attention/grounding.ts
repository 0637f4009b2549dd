/** Grounding: which blocks an answer rests on, measured by the attention of its tokens to the blocks' tokens. */

/**
 * First tokens of a block that are left out: whatever the question, much attention rests there
 * ("attention sinks", arXiv 2309.17453).
 */
const SINK_TOKENS = 4;

/**
 * The attention that one token gives to each block.
 * @param attention [context length], as the decoder gives it
 * @param lengths of the blocks, which lie first in the context
 * @returns one number a block; all zero where the context did not hold all blocks yet
 */
export function attentionByBlock(attention: Float32Array, lengths: readonly number[]): number[] {
  const sums = lengths.map(() => 0);
  if (attention.length < lengths.reduce((sum, length) => sum + length, 0)) return sums;
  let start = 0;
  for (const [block, length] of lengths.entries()) {
    for (let at = start + SINK_TOKENS; at < start + length; at++) sums[block]! += attention[at]!;
    start += length;
  }
  return sums;
}
