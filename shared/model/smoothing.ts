/**
 * SmoothQuant (arXiv 2211.10438) where a rotation cannot reach: between the gate and the down matrix. Channels
 * whose activations are large are made smaller, and the weights that read them larger by the same factor. The
 * float32 result is unchanged, and 8-bit activations lose less.
 * Scales per channel j: s = max|x_j|^a / max|w_j|^(1-a).
 */
import type { Architecture } from './architecture.ts';
import type { Matrix } from './onnx/linear.ts';
import type { WeightSource } from './weights.ts';

/** The exponent a. */
const STRENGTH = 0.6;

/** For each layer the largest magnitude of every channel of swish(gate) * up on a calibration text, [feed_forward]. */
export type ActivationPeaks = readonly Float32Array[];

/** The same model with smoothed activations. */
export function smoothWeights(
  source: WeightSource,
  { feedForward }: Architecture,
  peaks: ActivationPeaks,
): WeightSource {
  return {
    ...source,
    async layer(index) {
      const layer = await source.layer(index);
      const s = scales(peaks[index]!, columnPeaks(layer.down));
      scaleColumns(layer.down, s);
      // The up half of gate_up, below the gate: its rows produce the activation's channels linearly.
      scaleRows(layer.gateUp, feedForward, s);
      return layer;
    },
  };
}

function scales(activation: Float32Array, weight: Float32Array): Float32Array {
  return activation.map((peak, i) => {
    const s = peak ** STRENGTH / weight[i]! ** (1 - STRENGTH);
    // A channel that is never used keeps its scale.
    return Number.isFinite(s) && s > 0 ? Math.min(Math.max(s, 1e-4), 1e4) : 1;
  });
}

function columnPeaks({ outputs, inputs, weight }: Matrix): Float32Array {
  const peaks = new Float32Array(inputs);
  for (let row = 0; row < outputs; row++) {
    for (let i = 0; i < inputs; i++) {
      const magnitude = Math.abs(weight[row * inputs + i]!);
      if (magnitude > peaks[i]!) peaks[i] = magnitude;
    }
  }
  return peaks;
}

function scaleColumns({ outputs, inputs, weight }: Matrix, s: Float32Array): void {
  for (let row = 0; row < outputs; row++) {
    for (let i = 0; i < inputs; i++) weight[row * inputs + i]! *= s[i]!;
  }
}

/** Divides rows from `first` on, and their bias, by s. */
function scaleRows({ inputs, weight, bias }: Matrix, first: number, s: Float32Array): void {
  for (let row = 0; row < s.length; row++) {
    for (let i = 0; i < inputs; i++) weight[(first + row) * inputs + i]! /= s[row]!;
    if (bias !== undefined) bias[first + row]! /= s[row]!;
  }
}
