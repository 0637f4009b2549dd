/** Quantizes rows of keys or values to int8: symmetric, with one scale for each channel of the block. */
import { BlockragError } from '../errors.ts';
import { ensureBytes, instantiateKernels, Layout } from './kernels.ts';

const memory = new WebAssembly.Memory({ initial: 1 });
const kernels = instantiateKernels(memory);

/**
 * @param rows [tokens, width] @param scales receives the step of each channel, [width]
 * @returns [tokens, width], rounded to the nearest step
 * @throws BlockragError `model_check_failed` for numbers that are not finite: an overflow must not be stored
 */
export function quantizeRows(rows: Float32Array, scales: Float32Array): Int8Array {
  const width = scales.length;
  const tokens = rows.length / width;
  if (width % 8 !== 0) return quantizeOddRows(rows, scales);
  const layout = new Layout();
  const rowsAt = layout.take(rows.byteLength);
  const scalesAt = layout.take(scales.byteLength);
  const outAt = layout.take(rows.length);
  ensureBytes(memory, layout.end);
  new Float32Array(memory.buffer, rowsAt, rows.length).set(rows);
  const channels = new Float32Array(memory.buffer, scalesAt, width).fill(0);
  kernels.peak_rows(rowsAt, scalesAt, tokens, width);
  toSteps(channels, scales);
  kernels.quantize_rows(rowsAt, scalesAt, outAt, tokens, width);
  return new Int8Array(memory.buffer, outAt, rows.length).slice();
}

/** An overflow must not be stored. */
export function notFinite(): BlockragError {
  return new BlockragError(
    'model_check_failed',
    'The model gives keys or values that are no finite numbers.',
  );
}

/** Peaks become steps in `scales`, and what to multiply by in place. */
function toSteps(peaks: Float32Array, scales: Float32Array): void {
  for (let c = 0; c < peaks.length; c++) {
    const peak = peaks[c]!;
    if (!Number.isFinite(peak)) throw notFinite();
    scales[c] = peak / 127;
    peaks[c] = peak === 0 ? 0 : 1 / scales[c]!;
  }
}

/** Widths that the kernels do not take: only very small models have them. */
function quantizeOddRows(rows: Float32Array, scales: Float32Array): Int8Array {
  const width = scales.length;
  const peaks = new Float32Array(width);
  rows.forEach((value, i) => {
    peaks[i % width] = Math.max(peaks[i % width]!, Math.abs(value));
  });
  toSteps(peaks, scales);
  return Int8Array.from(rows, (value, i) => Math.round(value * peaks[i % width]!));
}
