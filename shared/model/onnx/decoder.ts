/**
 * The decoder as an ONNX graph. One graph encodes blocks, attends and decodes: it takes new tokens, the
 * context's keys and values as read-only inputs, and gives only the new rows: whole caches as outputs would be
 * copied at every step.
 *
 * Inputs
 * - input_ids [1, S]; rope_cos, rope_sin [S, rope/2]: the angles of the new tokens' positions
 * - mask [S, S]: added to the scores among the new tokens (0 or a large negative number)
 * - local_rope_cos, local_rope_sin, local_mask: the same of local layers, where there are any; and
 *   local_context_mask [S, 1 + C of local layers], added to their scores of the context
 * - logit_rows [R]: which of the new tokens get logits; the last new token is the last of them
 * - context_key.L.H and context_value.L.H [1 + C, head_dim]: of layer L and KV head H a row of zeros, then the
 *   context's rows, keys rotated; of a local layer the rows within its window only
 *
 * Outputs
 * - logits [1, R, vocabulary]
 * - attention [R, C]: how much each of the new tokens with logits attends to each token of the context, the mean of
 *   the softmax over the grounding heads (model/grounding.ts)
 * - key.L before rotation and value.L [S, kv_heads, head_dim]: what a blob holds
 * - new_key.L rotated and new_value.L [kv_heads, S, head_dim]: what the context gets behind its rows
 *
 * Attention takes new tokens and context apart, so that nothing of the context's size is copied: over the new tokens
 * alone, and over the context with the new tokens as one more column. That column is the row of zeros; its score is
 * the logarithm of the sum of the new tokens' exponentials, so the softmax is that over all, exactly, and its share is
 * what the result over the new tokens counts for. Each head is a product of its own, which onnxruntime cuts evenly
 * for its threads; a batch of heads it does not. An empty context is its row of zeros alone.
 *
 * The last layer computes keys and values of all new tokens, the rest of it for `logit_rows` only.
 */

import type { Architecture } from '../architecture.ts';
import type { ComputeType } from '../compute.ts';
import type { GroundingHeads } from '../grounding.ts';
import { toHalf } from '../half.ts';
import type { LayerWeights, WeightSource } from '../weights.ts';
import { DataType, GraphBuilder, type ValueName, type WeightsFile } from './graph.ts';
import { BlockMatrix, LinearWriter } from './linear.ts';

/** Slice: to the end of the axis. */
const END = 2 ** 31 - 1;

export interface DecoderOptions {
  compute: ComputeType;
  grounding: GroundingHeads;
  /**
   * Adds outputs activation_peak.L, the largest magnitude of each channel of swish(gate) * up over all rows, and, of layers that see everything,
   * head_attention.L.H [heads of the group, 1 + C], what the last new token gives to the row of zeros and the context
   * in the query heads that share KV head H.
   */
  observe?: boolean;
  onLayer?: (done: number, total: number) => void;
}

/** Writes the decoder; returns the bytes of model.onnx. The weights go to `file` as they are read. */
export async function writeDecoder(
  architecture: Architecture,
  weights: WeightSource,
  file: WeightsFile,
  options: DecoderOptions,
): Promise<Uint8Array> {
  const writer = new DecoderWriter(architecture, file, options);
  return writer.write(weights);
}

/** The new tokens that a layer's queries are of. */
interface QueryTokens {
  /** int64 [R], which of the new tokens; undefined: all. */
  rows: ValueName | undefined;
  /** The name of Q, how many packed queries there are: another one where not all tokens are queried. */
  packed: string;
  /** Of layers that see everything, and of local ones. */
  masks: { global: Masks; local: Masks | undefined };
  /** [1, Q, 1]: 0, the column of the new tokens, for every packed query. */
  sink: ValueName;
  /** Writes the linear layers of these tokens. */
  linear: LinearWriter;
}

/** What is added to the scores of the packed queries. */
interface Masks {
  /** [Q, S]: of the new tokens. */
  own: ValueName;
  /** [Q, 1 + C]: of the context; undefined: all of it is seen. */
  context: ValueName | undefined;
}

class DecoderWriter {
  #architecture: Architecture;
  #options: DecoderOptions;
  #graph: GraphBuilder;
  /** Of all new tokens. */
  #linear: LinearWriter;
  /** What the grounding heads of each layer add to the output `attention`, the row of zeros included. */
  #grounding: ValueName[] = [];

  constructor(architecture: Architecture, file: WeightsFile, options: DecoderOptions) {
    this.#architecture = architecture;
    this.#options = options;
    this.#graph = new GraphBuilder('decoder', file);
    this.#linear = new LinearWriter(this.#graph, options.compute);
  }

  async write(weights: WeightSource): Promise<Uint8Array> {
    const graph = this.#graph;
    const { hidden, layers, kvHeads, headDim, vocabulary, rope, local, gemma } = this.#architecture;
    graph.input('input_ids', DataType.INT64, [1, 'S']);
    graph.input('rope_cos', DataType.FLOAT, ['S', rope.dimensions / 2]);
    graph.input('rope_sin', DataType.FLOAT, ['S', rope.dimensions / 2]);
    graph.input('mask', DataType.FLOAT, ['S', 'S']);
    if (local !== undefined) {
      graph.input('local_rope_cos', DataType.FLOAT, ['S', local.rope.dimensions / 2]);
      graph.input('local_rope_sin', DataType.FLOAT, ['S', local.rope.dimensions / 2]);
      graph.input('local_mask', DataType.FLOAT, ['S', 'S']);
      graph.input('local_context_mask', DataType.FLOAT, ['S', this.#columns(true)]);
    }
    graph.input('logit_rows', DataType.INT64, ['R']);
    for (let layer = 0; layer < layers; layer++) {
      const rows = this.#columns(this.#isLocal(layer));
      for (let head = 0; head < kvHeads; head++) {
        graph.input(`context_key.${layer}.${head}`, DataType.FLOAT, [rows, headDim]);
        graph.input(`context_value.${layer}.${head}`, DataType.FLOAT, [rows, headDim]);
      }
    }
    graph.output('logits', DataType.FLOAT, [1, 'R', vocabulary]);
    graph.output('attention', DataType.FLOAT, ['R', 'C']);

    const embedding = await this.#embedding(await weights.embedding());
    let x = embedding.rows;
    if (gemma !== undefined) x = graph.node('Mul', [x, graph.float(gemma.embeddingScale)]);
    const all = this.#queryTokens(undefined);
    // Observers see every token.
    const wanted = this.#options.observe ? all : this.#queryTokens('logit_rows');
    for (let layer = 0; layer < layers; layer++) {
      x = await this.#layer(x, layer, await weights.layer(layer), layer < layers - 1 ? all : wanted);
      this.#options.onLayer?.(layer + 1, layers);
    }
    const attention = graph.node('Sum', this.#grounding);
    graph.node('Slice', [attention, ...[1, END, 1].map((n) => graph.int64s([n]))], {}, 'attention');
    if (wanted.rows === undefined) x = graph.node('Gather', [x, 'logit_rows'], { axis: 1 });
    let last = await this.#norm(x, 'output_norm', await weights.outputNorm());
    if (weights.beforeHead !== undefined) {
      last = await wanted.linear.linear(last, 'before_head', await weights.beforeHead(), 'fp32');
    }
    const logits =
      embedding.logits?.(last) ??
      (await wanted.linear.linear(
        last,
        'head',
        { outputs: vocabulary, inputs: hidden, weight: await weights.head() },
        this.#headType(),
      ));
    graph.node('Identity', [logits], {}, 'logits');
    return graph.model();
  }

  /** The new tokens' embeddings, and the logits where the head is the embedding: its weights are there once. */
  async #embedding(weight: Float32Array): Promise<{ rows: ValueName; logits?: (x: ValueName) => ValueName }> {
    const graph = this.#graph;
    const { hidden, vocabulary, tiedHead } = this.#architecture;
    if (this.#options.compute === 'fp32') {
      const table = await graph.weight('embedding', DataType.FLOAT, [vocabulary, hidden], weight);
      const rows = graph.node('Gather', [table, 'input_ids']);
      if (!tiedHead) return { rows };
      return { rows, logits: (x) => graph.contrib('FusedMatMul', [x, table], { transB: 1 }) };
    }
    if (tiedHead && this.#headType() === 'q8') {
      const matrix = { outputs: vocabulary, inputs: hidden, weight };
      const table = await BlockMatrix.write(graph, 'embedding', matrix);
      return { rows: table.rows('input_ids'), logits: (x) => table.product(x) };
    }
    const table = await graph.weight('embedding', DataType.FLOAT16, [vocabulary, hidden], toHalf(weight));
    const halves = graph.node('Gather', [table, 'input_ids']);
    return { rows: graph.node('Cast', [halves], { to: DataType.FLOAT }) };
  }

  /** One row at a time: blocks of 8 bits are as fast there as int8 columns, and finer. */
  #headType(): ComputeType {
    const { compute } = this.#options;
    return compute === 'w8a8' ? 'q8' : compute;
  }

  async #layer(x: ValueName, layer: number, weights: LayerWeights, queries: QueryTokens): Promise<ValueName> {
    const graph = this.#graph;
    const name = `layer.${layer}`;
    const { feedForward } = this.#architecture;
    const normed = await this.#norm(x, `${name}.attention_norm`, weights.attentionNorm);
    const attended = await this.#attention(normed, layer, weights, queries);
    let added = await queries.linear.linear(attended, `${name}.attention_output`, weights.attentionOutput);
    const { attentionPostNorm, attentionPostMatrix, feedForwardPostNorm, feedForwardPostMatrix } = weights;
    if (attentionPostNorm !== undefined)
      added = await this.#norm(added, `${name}.attention_post_norm`, attentionPostNorm);
    if (attentionPostMatrix !== undefined)
      added = await queries.linear.linear(added, `${name}.attention_post`, attentionPostMatrix, 'fp32');
    const afterAttention = graph.node('Add', [this.#rowsOf(x, queries), added]);
    const ffInput = await this.#norm(afterAttention, `${name}.feed_forward_norm`, weights.feedForwardNorm);
    const gateUp = await queries.linear.linear(ffInput, `${name}.gate_up`, weights.gateUp);
    const [gate, up] = graph.split(gateUp, [feedForward, feedForward]);
    const activation = graph.node('Mul', [this.#activate(gate!), up!]);
    if (this.#options.observe) this.#observePeaks(layer, activation);
    let result = await queries.linear.linear(activation, `${name}.down`, weights.down);
    if (feedForwardPostNorm !== undefined)
      result = await this.#norm(result, `${name}.feed_forward_post_norm`, feedForwardPostNorm);
    if (feedForwardPostMatrix !== undefined)
      result = await queries.linear.linear(
        result,
        `${name}.feed_forward_post`,
        feedForwardPostMatrix,
        'fp32',
      );
    return graph.node('Add', [afterAttention, result]);
  }

  /** Swish; in gemma GELU by its approximation with tanh. */
  #activate(gate: ValueName): ValueName {
    const graph = this.#graph;
    if (this.#architecture.gemma !== undefined) return graph.contrib('FastGelu', [gate]);
    return graph.node('Mul', [gate, graph.node('Sigmoid', [gate])]);
  }

  #isLocal(layer: number): boolean {
    return this.#architecture.local?.layers[layer] ?? false;
  }

  /** How many columns the scores of the context have: a name for each kind of layer. */
  #columns(local: boolean): string {
    return local ? '1 + C of local layers' : '1 + C';
  }

  /** Of rows [1, S, width] those of the queries' tokens. */
  #rowsOf(x: ValueName, { rows }: QueryTokens): ValueName {
    return rows === undefined ? x : this.#graph.node('Gather', [x, rows], { axis: 1 });
  }

  /** @param rows of the new tokens; all where undefined */
  #queryTokens(rows: ValueName | undefined): QueryTokens {
    const graph = this.#graph;
    const { queryHeads, kvHeads, local } = this.#architecture;
    const group = queryHeads / kvHeads;
    // Rows of a packed query are (token, head of the group): the mask repeats for every head.
    const packedMask = (input: ValueName) => {
      const mask = rows === undefined ? input : graph.node('Gather', [input, rows], { axis: 0 });
      const unsqueezed = graph.node('Unsqueeze', [mask, graph.int64s([1])]);
      const repeated = graph.node('Expand', [unsqueezed, graph.int64s([1, group, 1])]);
      return graph.node('Flatten', [repeated], { axis: 2 });
    };
    const one = graph.int64s([1]);
    const shape =
      rows === undefined
        ? [graph.node('Shape', ['input_ids']), one]
        : [one, graph.node('Shape', [rows]), one];
    const tokens = graph.node('Concat', shape, { axis: 0 });
    const packed = graph.node('Mul', [tokens, graph.int64s([1, group, 1])]);
    return {
      rows,
      packed: rows === undefined ? 'Q' : 'Q of rows',
      masks: {
        global: { own: packedMask('mask'), context: undefined },
        local: local && { own: packedMask('local_mask'), context: packedMask('local_context_mask') },
      },
      sink: graph.node('Expand', [graph.int64s([0]), packed]),
      linear: rows === undefined ? this.#linear : new LinearWriter(graph, this.#options.compute),
    };
  }

  async #attention(
    x: ValueName,
    layer: number,
    weights: LayerWeights,
    queries: QueryTokens,
  ): Promise<ValueName> {
    const graph = this.#graph;
    const { queryHeads, kvHeads, headDim } = this.#architecture;
    const kvWidth = kvHeads * headDim;
    const qkv = await this.#linear.linear(x, `layer.${layer}.qkv`, weights.qkv);
    let [query, key, value] = graph.split(qkv, [queryHeads * headDim, kvWidth, kvWidth]);
    if (weights.queryNorm !== undefined)
      query = await this.#headNorm(query!, `layer.${layer}.query_norm`, queryHeads, weights.queryNorm);
    if (weights.keyNorm !== undefined)
      key = await this.#headNorm(key!, `layer.${layer}.key_norm`, kvHeads, weights.keyNorm);

    const rows = graph.int64s([-1, kvHeads, headDim]);
    const byHead = { perm: [1, 0, 2] };
    graph.node('Reshape', [key!, rows], {}, `key.${layer}`);
    graph.node('Reshape', [value!, rows], {}, `value.${layer}`);
    graph.node(
      'Transpose',
      [graph.node('Reshape', [this.#rotate(key!, kvHeads, layer), rows])],
      byHead,
      `new_key.${layer}`,
    );
    graph.node('Transpose', [`value.${layer}`], byHead, `new_value.${layer}`);
    for (const output of [`key.${layer}`, `value.${layer}`]) {
      graph.output(output, DataType.FLOAT, ['S', kvHeads, headDim]);
    }
    for (const output of [`new_key.${layer}`, `new_value.${layer}`]) {
      graph.output(output, DataType.FLOAT, [kvHeads, 'S', headDim]);
    }

    // [1, S, heads * d] -> [kv_heads, S * group, d]: the query heads that share a KV head are rows of one product.
    const packed = graph.node(
      'Transpose',
      [
        graph.node('Reshape', [
          this.#rowsOf(this.#rotate(query!, queryHeads, layer), queries),
          graph.int64s([-1, kvHeads, (queryHeads / kvHeads) * headDim]),
        ]),
      ],
      { perm: [1, 0, 2] },
    );
    const q = graph.node('Reshape', [packed, graph.int64s([kvHeads, -1, headDim])]);
    graph.declare(q, DataType.FLOAT, [kvHeads, queries.packed, headDim]);
    const attended = this.#attend(q, layer, queries);
    const unpacked = graph.node(
      'Transpose',
      [graph.node('Reshape', [attended, graph.int64s([kvHeads, -1, (queryHeads / kvHeads) * headDim])])],
      { perm: [1, 0, 2] },
    );
    return graph.node('Reshape', [unpacked, graph.int64s([1, -1, queryHeads * headDim])]);
  }

  /** Attention of packed queries [kv_heads, Q, d] over context and new tokens; see the head of this file. */
  #attend(q: ValueName, layer: number, { rows, masks, sink }: QueryTokens): ValueName {
    const graph = this.#graph;
    const { kvHeads, headDim, gemma } = this.#architecture;
    const { own, context } = (this.#isLocal(layer) ? masks.local : undefined) ?? masks.global;
    const scale = { transB: 1, alpha: { float: gemma?.attentionScale ?? headDim ** -0.5 } };
    const scores = graph.node('Add', [graph.contrib('FusedMatMul', [q, `new_key.${layer}`], scale), own]);
    const ownShare = graph.node('Softmax', [scores], { axis: -1 });
    const onNew = graph.node('MatMul', [ownShare, `new_value.${layer}`]);
    // Of any column, the score less the logarithm of its share; onnxruntime's ReduceLogSumExp is ten times slower.
    const largest = (value: ValueName) => graph.node('ReduceMax', [value, graph.int64s([-1])]);
    const newTokens = graph.node('Sub', [largest(scores), graph.node('Log', [largest(ownShare)])]);

    const ones = Array<number>(kvHeads).fill(1);
    const byHead = graph.split(q, ones, 0);
    const newColumns = graph.split(newTokens, ones, 0);
    const shares: ValueName[] = [];
    const results: ValueName[] = [];
    for (let head = 0; head < kvHeads; head++) {
      let onContext = graph.contrib('FusedMatMul', [byHead[head]!, `context_key.${layer}.${head}`], scale);
      if (context !== undefined) onContext = graph.node('Add', [onContext, context]);
      // In place: nobody else reads the scores.
      const all = graph.node('ScatterElements', [onContext, sink, newColumns[head]!], { axis: 2 });
      const share = graph.node('Softmax', [all], { axis: -1 });
      results.push(graph.node('MatMul', [share, `context_value.${layer}.${head}`]));
      shares.push(graph.node('Slice', [share, ...[0, 1, 2].map((n) => graph.int64s([n]))]));
      this.#ground(layer, head, share, rows);
    }
    const ofNew = graph.node('Concat', shares, { axis: 0 });
    return graph.node('Add', [graph.node('Concat', results, { axis: 0 }), graph.node('Mul', [ofNew, onNew])]);
  }

  /** Adds what the new tokens with logits give to the context in the grounding heads among these. */
  #ground(layer: number, kvHead: number, share: ValueName, rows: ValueName | undefined): void {
    const graph = this.#graph;
    const { grounding, observe } = this.#options;
    const { queryHeads, kvHeads } = this.#architecture;
    const group = queryHeads / kvHeads;
    // Rows of a packed query are (token, head of the group).
    // A local layer's context is no prompt's whole one.
    if (observe && !this.#isLocal(layer)) {
      const name = `head_attention.${layer}.${kvHead}`;
      const lastToken = graph.node('Slice', [share, ...[-group, END, 1].map((n) => graph.int64s([n]))]);
      graph.node('Reshape', [lastToken, graph.int64s([group, -1])], {}, name);
      graph.output(name, DataType.FLOAT, [group, '1 + C']);
    }
    const weights = Float32Array.from({ length: group }, (_, i) =>
      grounding.some((at) => at.layer === layer && at.head === kvHead * group + i) ? 1 / grounding.length : 0,
    );
    if (weights.every((weight) => weight === 0)) return;
    // [1, rows * group, 1 + C] -> [rows, group, 1 + C] -> [R, 1 + C]
    const width = graph.node('Shape', [share], { start: 2 });
    const byToken = graph.node('Concat', [graph.int64s([-1, group]), width], { axis: 0 });
    const all = graph.node('Reshape', [share, byToken]);
    const wanted = rows === undefined ? graph.node('Gather', [all, 'logit_rows'], { axis: 0 }) : all;
    this.#grounding.push(graph.node('MatMul', [graph.floats(weights), wanted]));
  }

  #rotate(x: ValueName, heads: number, layer: number): ValueName {
    const { rope, local, headDim } = this.#architecture;
    const isLocal = this.#isLocal(layer);
    const { dimensions } = isLocal ? local!.rope : rope;
    // A one-element position is an offset: row i of the tables is the angle of new token i.
    const tables = isLocal ? ['local_rope_cos', 'local_rope_sin'] : ['rope_cos', 'rope_sin'];
    const inputs = [x, this.#graph.int64s([0]), ...tables];
    const partial = dimensions < headDim ? { rotary_embedding_dim: dimensions } : {};
    return this.#graph.contrib('RotaryEmbedding', inputs, { num_heads: heads, ...partial });
  }

  async #norm(x: ValueName, name: string, gain: Float32Array): Promise<ValueName> {
    const weight = await this.#graph.weight(name, DataType.FLOAT, [gain.length], gain);
    const epsilon = { float: this.#architecture.normEpsilon };
    return this.#graph.node('SimplifiedLayerNormalization', [x, weight], { axis: -1, epsilon });
  }

  /** RMSNorm of every head by itself (qwen3, gemma3). */
  async #headNorm(x: ValueName, name: string, heads: number, gain: Float32Array): Promise<ValueName> {
    const { headDim } = this.#architecture;
    const perHead = this.#graph.node('Reshape', [x, this.#graph.int64s([1, -1, heads, headDim])]);
    const normed = await this.#norm(perHead, name, gain);
    return this.#graph.node('Reshape', [normed, this.#graph.int64s([1, -1, heads * headDim])]);
  }

  #observePeaks(layer: number, activation: ValueName): void {
    const name = `activation_peak.${layer}`;
    const graph = this.#graph;
    graph.node('ReduceMax', [graph.node('Abs', [activation]), graph.int64s([0, 1])], { keepdims: 0 }, name);
    graph.output(name, DataType.FLOAT, ['channels']);
  }
}
