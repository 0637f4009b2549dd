/** A model's weights as the graph wants them: float32, one layer at a time, rotation halves split, QKV fused. */

import type { Architecture } from './architecture.ts';
import type { GgufFile } from './gguf.ts';
import type { Matrix } from './onnx/linear.ts';
import { unsupported } from './unsupported.ts';

export interface LayerWeights {
  attentionNorm: Float32Array;
  /** Rows: all query heads, then key heads, then value heads. */
  qkv: Matrix;
  queryNorm?: Float32Array | undefined;
  keyNorm?: Float32Array | undefined;
  attentionOutput: Matrix;
  /** Of what the attention adds to the hidden state, before it is added (gemma). */
  attentionPostNorm?: Float32Array | undefined;
  /** [hidden, hidden]: applied after that norm, where there is one (see rotation.ts). */
  attentionPostMatrix?: Matrix | undefined;
  feedForwardNorm: Float32Array;
  /** Rows: gate, then up. */
  gateUp: Matrix;
  down: Matrix;
  /** Of what the feed forward adds to the hidden state, before it is added (gemma). */
  feedForwardPostNorm?: Float32Array | undefined;
  /** As `attentionPostMatrix`. */
  feedForwardPostMatrix?: Matrix | undefined;
}

/** Where a graph's weights come from. */
export interface WeightSource {
  embedding(): Promise<Float32Array>;
  layer(index: number): Promise<LayerWeights>;
  outputNorm(): Promise<Float32Array>;
  /** [hidden, hidden]: applied between the last norm and the head, where there is one (see rotation.ts). */
  beforeHead?(): Promise<Matrix>;
  /** [vocabulary, hidden]: the output head; where it is tied, the embedding itself. */
  head(): Promise<Float32Array>;
}

/** Reads weights from a GGUF file. @throws BlockragError `model_unsupported` for a tensor that is not understood */
export function ggufWeights(file: GgufFile, architecture: Architecture): WeightSource {
  const { hidden, feedForward, queryHeads, kvHeads, headDim, vocabulary, family } = architecture;
  refuseUnknownTensors(file, architecture);
  const queryRows = queryHeads * headDim;
  const kvRows = kvHeads * headDim;
  const matrix = async (name: string, outputs: number, inputs: number): Promise<Matrix> => ({
    outputs,
    inputs,
    weight: await file.read(`${name}.weight`, [outputs, inputs]),
    bias: file.tensors.has(`${name}.bias`) ? await file.read(`${name}.bias`, [outputs]) : undefined,
  });
  /** Query or key rows in half-split order. */
  const rotated = async (name: string, heads: number): Promise<Matrix> => {
    const m = await matrix(name, heads * headDim, hidden);
    if (family !== 'llama') return m;
    return {
      ...m,
      weight: unpermute(m.weight, heads, headDim, hidden, architecture.rope.dimensions),
      bias: m.bias && unpermute(m.bias, heads, headDim, 1, architecture.rope.dimensions),
    };
  };
  const optional = (name: string, length: number) =>
    file.tensors.has(name) ? file.read(name, [length]) : Promise.resolve(undefined);
  return {
    embedding: () => file.read('token_embd.weight', [vocabulary, hidden]),
    outputNorm: () => file.read('output_norm.weight', [hidden]),
    head: () =>
      file.read(architecture.tiedHead ? 'token_embd.weight' : 'output.weight', [vocabulary, hidden]),
    async layer(index) {
      const p = `blk.${index}.`;
      return {
        attentionNorm: await file.read(`${p}attn_norm.weight`, [hidden]),
        qkv: stack([
          await rotated(`${p}attn_q`, queryHeads),
          await rotated(`${p}attn_k`, kvHeads),
          await matrix(`${p}attn_v`, kvRows, hidden),
        ]),
        queryNorm: await optional(`${p}attn_q_norm.weight`, headDim),
        keyNorm: await optional(`${p}attn_k_norm.weight`, headDim),
        attentionOutput: await matrix(`${p}attn_output`, hidden, queryRows),
        attentionPostNorm: await optional(`${p}post_attention_norm.weight`, hidden),
        feedForwardNorm: await file.read(`${p}ffn_norm.weight`, [hidden]),
        gateUp: stack([
          await matrix(`${p}ffn_gate`, feedForward, hidden),
          await matrix(`${p}ffn_up`, feedForward, hidden),
        ]),
        down: await matrix(`${p}ffn_down`, hidden, feedForward),
        feedForwardPostNorm: await optional(`${p}post_ffw_norm.weight`, hidden),
      };
    },
  };
}

/**
 * Undoes llama.cpp's permutation of query and key rows in llama files, which pairs neighbours (2i, 2i+1) for
 * rotation: afterwards i rotates with i + dimensions/2. Rows of a head beyond the rotated ones stay in place.
 */
function unpermute(
  values: Float32Array,
  heads: number,
  headDim: number,
  columns: number,
  dimensions: number,
): Float32Array {
  const out = Float32Array.from(values);
  const half = dimensions / 2;
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < half; i++) {
      for (let side = 0; side < 2; side++) {
        const from = (head * headDim + 2 * i + side) * columns;
        out.set(values.subarray(from, from + columns), (head * headDim + side * half + i) * columns);
      }
    }
  }
  return out;
}

/** Matrices of one input laid one under the other. */
export function stack(parts: readonly Matrix[]): Matrix {
  const inputs = parts[0]!.inputs;
  const outputs = parts.reduce((sum, part) => sum + part.outputs, 0);
  const weight = new Float32Array(outputs * inputs);
  const bias = parts.some((part) => part.bias !== undefined) ? new Float32Array(outputs) : undefined;
  let row = 0;
  for (const part of parts) {
    weight.set(part.weight, row * inputs);
    if (part.bias !== undefined) bias?.set(part.bias, row);
    row += part.outputs;
  }
  return { outputs, inputs, weight, bias };
}

function refuseUnknownTensors(file: GgufFile, { layers, gemma }: Architecture): void {
  const postNorm = /^blk\.\d+\.post_(attention|ffw)_norm\.weight$/;
  const known =
    /^(token_embd|output_norm|output)\.weight$|^rope_freqs\.weight$|^blk\.(\d+)\.((attn_norm|ffn_norm|attn_q_norm|attn_k_norm)\.weight|(attn_q|attn_k|attn_v|attn_output|ffn_gate|ffn_up|ffn_down)\.(weight|bias))$/;
  for (const name of file.tensors.keys()) {
    if (gemma !== undefined && postNorm.test(name)) continue;
    const match = known.exec(name);
    if (match === null || Number(match[2] ?? 0) >= layers) {
      throw unsupported(`the tensor ${name} is not understood`);
    }
  }
}
