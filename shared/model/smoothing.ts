/**
 * SmoothQuant (arXiv 2211.10438): channels whose activations are large are made smaller, and the weights that
 * read them larger by the same factor. The float32 result is unchanged, and 8-bit activations lose less.
 * Values (the rows that feed the attention output) are left alone: measured, folding them too gained nothing
 * (mean divergence 0.0204 against 0.0186), and so stored keys and values serve every compute type.
 * Scales per channel j: s = max|x_j|^a / max|w_j|^(1-a), folded into what produces x and what reads it.
 */
import type { Architecture } from './architecture.ts';
import type { Matrix } from './onnx/linear.ts';
import type { LayerWeights, WeightSource } from './weights.ts';

/** Strength a; 0.6 gave the lowest divergence from float32 on SmolLM2-135M (ENGINE.md). */
const STRENGTH = 0.6;

/** Largest magnitude of every channel seen on the calibration text, of one layer. */
export interface LayerPeaks {
  /** After the attention norm, [hidden]. */
  attention_input: Float32Array;
  /** After the feed-forward norm, [hidden]. */
  feed_forward_input: Float32Array;
  /** swish(gate) * up, [feed_forward]. */
  activation: Float32Array;
}

/** The same model with smoothed weights. */
export function smoothWeights(
  source: WeightSource,
  architecture: Architecture,
  peaks: readonly LayerPeaks[],
): WeightSource {
  return {
    ...source,
    async layer(index) {
      const layer = await source.layer(index);
      smoothLayer(layer, architecture, peaks[index]!);
      return layer;
    },
  };
}

function smoothLayer(layer: LayerWeights, architecture: Architecture, peaks: LayerPeaks): void {
  foldIntoNorm(layer.attentionNorm, layer.qkv, peaks.attention_input);
  foldIntoNorm(layer.feedForwardNorm, layer.gateUp, peaks.feed_forward_input);

  const activation = scales(peaks.activation, columnPeaks(layer.down));
  scaleColumns(layer.down, activation);
  // The up half of gate_up, below the gate: its rows produce the activation's channels linearly.
  scaleRows(layer.gateUp, architecture.feedForward, activation);
}

function foldIntoNorm(gain: Float32Array, reader: Matrix, peaks: Float32Array): void {
  const s = scales(peaks, columnPeaks(reader));
  for (let i = 0; i < gain.length; i++) gain[i]! /= s[i]!;
  scaleColumns(reader, s);
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
