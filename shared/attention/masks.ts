/** Who sees whom among the new tokens of a run: what is added to the scores, 0 or a large negative number. */

/** Added to a score that must not count; finite, so that a row of nothing else is no NaN. */
export const BLOCKED = -1e30;

/** Every token sees itself and those before it in its block: [length, length], length the sum of all. */
export function causalMask(blocks: readonly number[]): Float32Array {
  const length = blocks.reduce((sum, n) => sum + n, 0);
  const mask = new Float32Array(length * length);
  let start = 0;
  for (const n of blocks) {
    for (let row = start; row < start + n; row++) {
      mask.fill(BLOCKED, row * length, row * length + start);
      mask.fill(BLOCKED, row * length + row + 1, (row + 1) * length);
    }
    start += n;
  }
  return mask;
}

/**
 * The mask of a whole prompt in one pass: `full` is causal; in `block` every block but the last sees only
 * itself; in `anchor` it sees block 0 too. [length, length]
 */
export function promptMask(lengths: readonly number[], attention: 'full' | 'block' | 'anchor'): Float32Array {
  const length = lengths.reduce((sum, n) => sum + n, 0);
  const mask = causalMask([length]);
  if (attention === 'full') return mask;
  const visible = attention === 'anchor' ? lengths[0]! : 0;
  let start = 0;
  for (const n of lengths.slice(0, -1)) {
    for (let row = start; row < start + n; row++) {
      mask.fill(BLOCKED, row * length + Math.min(visible, start), row * length + start);
    }
    start += n;
  }
  return mask;
}

/** The same mask [length, length] for a layer in which a token sees `window` positions, its own included. */
export function windowedMask(mask: Float32Array, length: number, window: number): Float32Array {
  if (length <= window) return mask;
  const windowed = Float32Array.from(mask);
  for (let row = window; row < length; row++) {
    windowed.fill(BLOCKED, row * length, row * length + row - window + 1);
  }
  return windowed;
}
