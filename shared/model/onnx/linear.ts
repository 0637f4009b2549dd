/**
 * A linear layer y = x W^T + b in each compute type.
 * - fp32: float32 MatMul, the reference.
 * - fp16: float16 weights and products (MatMul), for GPUs; a CPU widens them at every run.
 * - q8: 8-bit weights in blocks of 32 with a scale and a zero point each (MatMulNBits).
 * - w8a8: int8 weights with a scale per output channel, activations quantised to 8 bits per row at run time
 *   (MatMulInteger): several times faster for the many rows of a passage.
 */
import type { ComputeType } from '../compute.ts';
import { toHalf } from '../half.ts';
import { DataType, type GraphBuilder, type ValueName } from './graph.ts';

/** A weight matrix, row-major [outputs, inputs], with an optional bias [outputs]. */
export interface Matrix {
  outputs: number;
  inputs: number;
  weight: Float32Array;
  bias?: Float32Array | undefined;
}

const BLOCK = 32;

/**
 * Writes linear layers into a graph, one instance for all inputs with the same number of rows: rows quantised once, and
 * their zero points, serve every layer that reads them.
 */
export class LinearWriter {
  #graph: GraphBuilder;
  #compute: ComputeType;
  #quantizedRows = new Map<ValueName, { rows: ValueName; scale: ValueName }>();
  #rowZeros: ValueName | undefined;

  constructor(graph: GraphBuilder, compute: ComputeType) {
    this.#graph = graph;
    this.#compute = compute;
  }

  /** Adds y = x W^T + b; `compute` overrides the graph's compute type. */
  async linear(
    x: ValueName,
    name: string,
    matrix: Matrix,
    compute: ComputeType = this.#compute,
  ): Promise<ValueName> {
    const graph = this.#graph;
    let y: ValueName;
    if (compute === 'fp32') y = await this.#fp32(x, name, matrix);
    else if (compute === 'fp16') y = await this.#fp16(x, name, matrix);
    else if (compute === 'q8') y = await this.#q8(x, name, matrix);
    else y = await this.#w8a8(x, name, matrix);
    if (matrix.bias === undefined) return y;
    const bias = await graph.weight(`${name}.bias`, DataType.FLOAT, [matrix.outputs], matrix.bias);
    return graph.node('Add', [y, bias]);
  }

  async #fp32(x: ValueName, name: string, { outputs, inputs, weight }: Matrix): Promise<ValueName> {
    const transposed = transpose(weight, outputs, inputs);
    const w = await this.#graph.weight(`${name}.weight`, DataType.FLOAT, [inputs, outputs], transposed);
    return this.#graph.node('MatMul', [x, w]);
  }

  async #fp16(x: ValueName, name: string, { outputs, inputs, weight }: Matrix): Promise<ValueName> {
    const graph = this.#graph;
    const halves = toHalf(transpose(weight, outputs, inputs));
    const w = await graph.weight(`${name}.fp16`, DataType.FLOAT16, [inputs, outputs], halves);
    const product = graph.node('MatMul', [graph.node('Cast', [x], { to: DataType.FLOAT16 }), w]);
    return graph.node('Cast', [product], { to: DataType.FLOAT });
  }

  async #q8(x: ValueName, name: string, matrix: Matrix): Promise<ValueName> {
    return (await BlockMatrix.write(this.#graph, name, matrix)).product(x);
  }

  async #w8a8(x: ValueName, name: string, matrix: Matrix): Promise<ValueName> {
    const graph = this.#graph;
    const { rows, scale } = this.#quantizeRows(x, name);
    const { values, scales } = quantizeColumns(matrix);
    const w = await graph.weight(`${name}.int8`, DataType.INT8, [matrix.inputs, matrix.outputs], values);
    const s = await graph.weight(`${name}.scale`, DataType.FLOAT, [matrix.outputs], scales);
    // A zero point of its own: x64quantprecision=1 breaks when two layers share one initializer.
    const zero = graph.ownConstant(`${name}.zero`, DataType.INT8, [], Int8Array.of(0));
    const rowZero = graph.ownConstant(`${name}.row_zero`, DataType.UINT8, [], Uint8Array.of(128));
    const y = graph.contrib('MatMulIntegerToFloat', [rows, w, graph.float(1), s, rowZero, zero]);
    return graph.node('Mul', [y, scale]);
  }

  /** Rows to uint8 around 128, each with its own scale: x ≈ (q - 128) * scale. x is [1, S, inputs]. */
  #quantizeRows(x: ValueName, name: string): { rows: ValueName; scale: ValueName } {
    const known = this.#quantizedRows.get(x);
    if (known !== undefined) return known;
    const graph = this.#graph;
    const peak = graph.node('ReduceMax', [graph.node('Abs', [x]), graph.int64s([-1])], { keepdims: 1 });
    // A row of zeros has no scale of its own: any will do.
    const scale = graph.node('Max', [graph.node('Mul', [peak, graph.float(1 / 127)]), graph.float(1e-12)]);
    const perRow = graph.node('Reshape', [scale, graph.int64s([-1])]);
    this.#rowZeros ??= this.#zeroPoints(perRow, `${name}.row_zeros`);
    const rows = graph.node('QuantizeLinear', [x, perRow, this.#rowZeros], { axis: 1 });
    this.#quantizedRows.set(x, { rows, scale });
    return { rows, scale };
  }

  /** The zero point 128 for every row, [S] uint8: the same for all layers. */
  #zeroPoints(perRow: ValueName, name: string): ValueName {
    const graph = this.#graph;
    const zero = graph.ownConstant(name, DataType.UINT8, [1], Uint8Array.of(128));
    return graph.node('Expand', [zero, graph.node('Shape', [perRow])]);
  }
}

/** uint8 [outputs, blocks, 32]; float32 and uint8 [outputs, blocks]. */
interface BlockWeights {
  values: ValueName;
  scales: ValueName;
  zeros: ValueName;
}

/** A matrix in the graph, 8 bits in blocks of 32: multiplied by, and looked up in. */
export class BlockMatrix {
  #graph: GraphBuilder;
  #outputs: number;
  #inputs: number;
  #weights: BlockWeights;

  private constructor(graph: GraphBuilder, { outputs, inputs }: Matrix, weights: BlockWeights) {
    this.#graph = graph;
    this.#outputs = outputs;
    this.#inputs = inputs;
    this.#weights = weights;
  }

  static async write(graph: GraphBuilder, name: string, matrix: Matrix): Promise<BlockMatrix> {
    const { outputs, inputs } = matrix;
    const blocks = Math.ceil(inputs / BLOCK);
    const { values, scales, zeros } = quantizeBlocks(matrix, blocks);
    return new BlockMatrix(graph, matrix, {
      values: await graph.weight(`${name}.q8`, DataType.UINT8, [outputs, blocks, BLOCK], values),
      scales: await graph.weight(`${name}.scale`, DataType.FLOAT, [outputs, blocks], scales),
      zeros: await graph.weight(`${name}.zero`, DataType.UINT8, [outputs, blocks], zeros),
    });
  }

  /** x W^T, for x [..., inputs]. */
  product(x: ValueName): ValueName {
    const { values, scales, zeros } = this.#weights;
    const attributes = { K: this.#inputs, N: this.#outputs, bits: 8, block_size: BLOCK, accuracy_level: 4 };
    return this.#graph.contrib('MatMulNBits', [x, values, scales, zeros], attributes);
  }

  /** The rows of W that ids [1, S] name, float32 [1, S, inputs]. */
  rows(ids: ValueName): ValueName {
    const graph = this.#graph;
    const { values, scales, zeros } = this.#weights;
    const float = (weights: ValueName) =>
      graph.node('Cast', [graph.node('Gather', [weights, ids])], { to: DataType.FLOAT });
    const perBlock = (value: ValueName) => graph.node('Unsqueeze', [value, graph.int64s([-1])]);
    const centred = graph.node('Sub', [float(values), perBlock(float(zeros))]);
    const scaled = graph.node('Mul', [centred, perBlock(graph.node('Gather', [scales, ids]))]);
    const padded = Math.ceil(this.#inputs / BLOCK) * BLOCK;
    const flat = graph.node('Reshape', [scaled, graph.int64s([1, -1, padded])]);
    if (padded === this.#inputs) return flat;
    return graph.node('Slice', [flat, ...[0, this.#inputs, 2].map((n) => graph.int64s([n]))]);
  }
}

/** [rows, columns] -> [columns, rows], in tiles so that both sides stay in the cache. */
function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  const tile = 32;
  for (let r0 = 0; r0 < rows; r0 += tile) {
    for (let c0 = 0; c0 < columns; c0 += tile) {
      const r1 = Math.min(r0 + tile, rows);
      const c1 = Math.min(c0 + tile, columns);
      for (let r = r0; r < r1; r++) {
        for (let c = c0; c < c1; c++) out[c * rows + r] = values[r * columns + c]!;
      }
    }
  }
  return out;
}

/**
 * 8 bits per weight with a scale and a zero point per block of 32 inputs. The range always holds zero, or a
 * one-sided block would have no zero point to stand on.
 */
function quantizeBlocks({ outputs, inputs, weight }: Matrix, blocks: number) {
  const values = new Uint8Array(outputs * blocks * BLOCK);
  const scales = new Float32Array(outputs * blocks);
  const zeros = new Uint8Array(outputs * blocks);
  for (let row = 0; row < outputs; row++) {
    for (let block = 0; block < blocks; block++) {
      const from = row * inputs + block * BLOCK;
      const length = Math.min(BLOCK, inputs - block * BLOCK);
      let min = 0;
      let max = 0;
      for (let i = 0; i < length; i++) {
        const w = weight[from + i]!;
        if (w < min) min = w;
        if (w > max) max = w;
      }
      const scale = (max - min) / 255 || 1;
      const zero = Math.round(-min / scale);
      const at = row * blocks + block;
      scales[at] = scale;
      zeros[at] = zero;
      const to = at * BLOCK;
      for (let i = 0; i < length; i++) {
        const q = Math.round(weight[from + i]! / scale) + zero;
        values[to + i] = Math.min(Math.max(q, 0), 255);
      }
      values.fill(zero, to + length, to + BLOCK);
    }
  }
  return { values, scales, zeros };
}

/** int8 weights [inputs, outputs] with one scale per output channel, symmetric. */
function quantizeColumns({ outputs, inputs, weight }: Matrix) {
  const values = new Int8Array(inputs * outputs);
  const scales = new Float32Array(outputs);
  for (let row = 0; row < outputs; row++) {
    let peak = 0;
    const from = row * inputs;
    for (let i = 0; i < inputs; i++) peak = Math.max(peak, Math.abs(weight[from + i]!));
    scales[row] = peak / 127 || 1;
  }
  // By tiles of rows, as in transpose: the output is written column by column.
  const tile = 64;
  for (let r0 = 0; r0 < outputs; r0 += tile) {
    const r1 = Math.min(r0 + tile, outputs);
    for (let i = 0; i < inputs; i++) {
      for (let row = r0; row < r1; row++) {
        values[i * outputs + row] = Math.round(weight[row * inputs + i]! / scales[row]!);
      }
    }
  }
  return { values, scales };
}
