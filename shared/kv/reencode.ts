/**
 * Position re-encoding: stored keys, kept before rotation, are rotated to the positions they get in this prompt
 * (Block-Attention, arXiv 2409.15355, section 2.2). This is exact, because the rotation is all that a
 * key knows of its position.
 */
import { HALF_TO_FLOAT } from '../model/half.ts';

/**
 * Rows as float32: values times their channel's scale, plus the channel's bias.
 * @param rows [tokens, width] as stored @param scales [width], int8 only @param bias [width] or undefined
 * @param out receives [tokens, width]
 */
export function dequantizeRows(
  rows: Int8Array | Uint16Array | Float32Array,
  scales: Float32Array | undefined,
  bias: Float32Array | undefined,
  out: Float32Array,
): void {
  if (rows instanceof Int8Array) dequantizeInt8(rows, scales!, out);
  else if (rows instanceof Uint16Array) dequantizeHalf(rows, out);
  else out.set(rows);
  if (bias !== undefined) addRow(out, bias);
}

/**
 * Rotates keys in place, half-split order (i with i + half), dimensions beyond 2 * half untouched.
 * @param keys [tokens, kv_heads, head_dim] @param cos, sin [tokens, half] of the keys' positions
 */
export function rotateRows(
  keys: Float32Array,
  cos: Float32Array,
  sin: Float32Array,
  kvHeads: number,
  headDim: number,
): void {
  const tokens = keys.length / (kvHeads * headDim);
  const half = tokens === 0 ? 0 : cos.length / tokens;
  for (let token = 0; token < tokens; token++) {
    const angles = token * half;
    for (let head = 0; head < kvHeads; head++) {
      const low = (token * kvHeads + head) * headDim;
      const high = low + half;
      for (let i = 0; i < half; i++) {
        const a = keys[low + i]!;
        const b = keys[high + i]!;
        const c = cos[angles + i]!;
        const s = sin[angles + i]!;
        keys[low + i] = a * c - b * s;
        keys[high + i] = b * c + a * s;
      }
    }
  }
}

// One function for each element type: the loops stay monomorphic, and fast.
function dequantizeInt8(rows: Int8Array, scales: Float32Array, out: Float32Array): void {
  const width = scales.length;
  for (let at = 0; at < rows.length; at += width) {
    for (let c = 0; c < width; c++) out[at + c] = rows[at + c]! * scales[c]!;
  }
}

function dequantizeHalf(rows: Uint16Array, out: Float32Array): void {
  for (let i = 0; i < rows.length; i++) out[i] = HALF_TO_FLOAT[rows[i]!]!;
}

function addRow(rows: Float32Array, row: Float32Array): void {
  for (let at = 0; at < rows.length; at += row.length) {
    for (let c = 0; c < row.length; c++) rows[at + c]! += row[c]!;
  }
}
