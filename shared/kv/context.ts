/**
 * The context of one prompt: the keys and values of its blocks laid end to end, with the keys rotated to their
 * absolute positions. For each layer and head the rows are contiguous: a row of zeros that the model needs
 * (model/onnx/decoder.ts), then the context's rows, then room for new ones.
 *
 * It lives in a WebAssembly memory of its own, where the SIMD kernels (kernels.wat) write and onnxruntime reads.
 */
import type { RopeTable } from '../model/rope.ts';
import type { KvBlob } from './blob.ts';
import { ensureBytes, instantiateKernels, type Kernels, Layout } from './kernels.ts';
import { dequantizeRows, rotateRows } from './reencode.ts';
import { type KvShape, kvWidth } from './shape.ts';

/** WebAssembly's largest memory: 4 GiB of 64 KiB pages. */
const MAX_PAGES = 65_536;
/** Tokens re-encoded at a time: what the scratch in front of the rows has room for. */
const SLICE = 256;

/** The layers of a model that see the nearest positions only (model/architecture.ts). */
export interface LocalRows {
  /** For each layer whether it is one. */
  layers: readonly boolean[];
  /** Their angles. */
  rope: RopeTable;
  /** The first position that whatever comes can see in them: earlier rows are not laid. */
  from: number;
}

type StoredRows = KvBlob['keys'][number];
type Angles = ReturnType<RopeTable['rows']>;

/** Where the kernels find their inputs, in front of the context's own rows. */
interface Scratch {
  rows: number;
  scales: number;
  bias: number;
  cos: number;
  sin: number;
  end: number;
}

export class ContextKv {
  readonly shape: KvShape;
  #width: number;
  #memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES });
  #kernels: Kernels;
  #scratch: Scratch;
  #capacity = 0;
  #length = 0;

  constructor(shape: KvShape) {
    this.shape = shape;
    this.#width = kvWidth(shape);
    this.#kernels = instantiateKernels(this.#memory);
    this.#scratch = layScratch(this.#width, shape.headDim);
  }

  /** Tokens laid so far; also the position of the next one. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of the rows that there is room for. */
  get bytes(): number {
    return this.#capacity * this.#width * 4 * 2 * this.shape.layers;
  }

  /**
   * Empties the context and makes room for `tokens`; the memory of earlier prompts is used again.
   * @throws RangeError beyond WebAssembly's 4 GiB
   */
  reset(tokens: number): void {
    this.#length = 0;
    if (tokens <= this.#capacity) return;
    const { layers, kvHeads, headDim } = this.shape;
    const sides = 2 * layers * kvHeads;
    ensureBytes(this.#memory, this.#scratch.end + sides * (tokens + 1) * headDim * 4);
    this.#capacity = tokens;
    for (let side = 0; side < sides; side++) this.#rows(side, -1, 1).fill(0);
  }

  /**
   * The rotated keys of a layer's head from a row on, and the row before: a view [1 + length - from, head_dim], valid
   * until a reset. The row before the first is of zeros.
   */
  keys(layer: number, head: number, from = 0): Float32Array {
    return this.#rows(this.#side(layer, 0, head), from - 1, 1 + this.#length - from);
  }

  /** The values of a layer's head, as `keys`. */
  values(layer: number, head: number, from = 0): Float32Array {
    return this.#rows(this.#side(layer, 1, head), from - 1, 1 + this.#length - from);
  }

  /**
   * Re-encodes a stored block to the positions behind what is laid.
   * @param keyBias constant part of the keys that blobs leave out @param local where the model has such layers
   */
  lay(blob: KvBlob, rope: RopeTable, keyBias: Float32Array[] | undefined, local?: LocalRows): void {
    const start = this.#extend(blob.tokens);
    const all = Array.from({ length: this.shape.layers }, (_, layer) => layer);
    const global = all.filter((layer) => !local?.layers[layer]);
    this.#layLayers(blob, global, { start, first: 0 }, rope, keyBias);
    if (local === undefined) return;
    const first = Math.max(0, local.from - start);
    const others = all.filter((layer) => local.layers[layer]);
    this.#layLayers(blob, others, { start, first }, local.rope, keyBias);
  }

  /** @param at position of the blob's first token, and its first token that is laid */
  #layLayers(
    blob: KvBlob,
    layers: readonly number[],
    { start, first }: { start: number; first: number },
    rope: RopeTable,
    keyBias: Float32Array[] | undefined,
  ): void {
    // fp32 blobs hold the keys whole; the others without the model's constant bias.
    const bias = blob.dtype === 'fp32' ? undefined : keyBias;
    for (let from = first; from < blob.tokens; from += SLICE) {
      const tokens = Math.min(SLICE, blob.tokens - from);
      const angles = rope.rows(start + from, tokens);
      this.#copyIn(this.#scratch.cos, angles.cos);
      this.#copyIn(this.#scratch.sin, angles.sin);
      for (const layer of layers) {
        const part = (rows: StoredRows) => rows.subarray(from * this.#width, (from + tokens) * this.#width);
        const keys = part(blob.keys[layer]!);
        const values = part(blob.values[layer]!);
        const at = start + from;
        this.#layKeys(this.#side(layer, 0, 0), at, keys, blob.keyScales[layer], bias?.[layer], angles);
        this.#layValues(this.#side(layer, 1, 0), at, values, blob.valueScales[layer]);
      }
    }
  }

  /** Appends new rows as the model gave them: for each layer [kv_heads, tokens, head_dim], keys rotated. */
  append(tokens: number, keys: readonly Float32Array[], values: readonly Float32Array[]): void {
    const { layers, kvHeads, headDim } = this.shape;
    const start = this.#extend(tokens);
    const size = tokens * headDim;
    for (let layer = 0; layer < layers; layer++) {
      for (let head = 0; head < kvHeads; head++) {
        const rows = (all: Float32Array) => all.subarray(head * size, (head + 1) * size);
        this.#rows(this.#side(layer, 0, head), start, tokens).set(rows(keys[layer]!));
        this.#rows(this.#side(layer, 1, head), start, tokens).set(rows(values[layer]!));
      }
    }
  }

  /** Takes the rows behind the first `tokens` out again. */
  truncate(tokens: number): void {
    if (tokens > this.#length) throw new RangeError(`the context holds only ${this.#length} tokens`);
    this.#length = tokens;
  }

  /** Appends all that another context of the same shape holds. */
  appendAll(other: ContextKv): void {
    const { layers, kvHeads, headDim } = this.shape;
    const start = this.#extend(other.length);
    for (let layer = 0; layer < layers; layer++) {
      for (let head = 0; head < kvHeads; head++) {
        const rows = (side: 0 | 1) => this.#rows(this.#side(layer, side, head), start, other.length);
        rows(0).set(other.keys(layer, head).subarray(headDim));
        rows(1).set(other.values(layer, head).subarray(headDim));
      }
    }
  }

  /** Keys [tokens, width] as stored, rotated by `angles`, to the areas of all heads from `side` on. */
  #layKeys(
    side: number,
    start: number,
    rows: StoredRows,
    scales: Float32Array | undefined,
    bias: Float32Array | undefined,
    angles: Angles,
  ): void {
    const { kvHeads, headDim } = this.shape;
    const tokens = rows.length / this.#width;
    const half = angles.cos.length / tokens;
    if (!this.#kernelsTake(rows) || half % 8 !== 0) {
      this.#layPlainly(side, start, rows, scales, bias, angles);
      return;
    }
    const scratch = this.#scratch;
    this.#copyRowsIn(rows, scales!);
    if (bias === undefined) new Float32Array(this.#memory.buffer, scratch.bias, this.#width).fill(0);
    else this.#copyIn(scratch.bias, bias);
    for (let head = 0; head < kvHeads; head++) {
      const column = head * headDim;
      this.#kernels.reencode_rows(
        scratch.rows + column,
        scratch.scales + column * 4,
        scratch.bias + column * 4,
        scratch.cos,
        scratch.sin,
        this.#address(side + head, start),
        tokens,
        half,
        headDim,
        this.#width,
      );
    }
  }

  /** Values [tokens, width] as stored, to the areas of all heads from `side` on. */
  #layValues(side: number, start: number, rows: StoredRows, scales: Float32Array | undefined): void {
    const { kvHeads, headDim } = this.shape;
    if (!this.#kernelsTake(rows)) {
      this.#layPlainly(side, start, rows, scales, undefined, undefined);
      return;
    }
    const scratch = this.#scratch;
    this.#copyRowsIn(rows, scales!);
    for (let head = 0; head < kvHeads; head++) {
      const column = head * headDim;
      this.#kernels.scale_rows(
        scratch.rows + column,
        scratch.scales + column * 4,
        this.#address(side + head, start),
        rows.length / this.#width,
        headDim,
        this.#width,
      );
    }
  }

  #kernelsTake(rows: StoredRows): rows is Int8Array {
    return rows instanceof Int8Array && this.shape.headDim % 8 === 0;
  }

  /** What the kernels do not take, value by value; rotated where there are angles. */
  #layPlainly(
    side: number,
    start: number,
    rows: StoredRows,
    scales: Float32Array | undefined,
    bias: Float32Array | undefined,
    angles: Angles | undefined,
  ): void {
    const { kvHeads, headDim } = this.shape;
    const tokens = rows.length / this.#width;
    const all = new Float32Array(rows.length);
    dequantizeRows(rows, scales, bias, all);
    if (angles !== undefined) rotateRows(all, angles.cos, angles.sin, kvHeads, headDim);
    for (let head = 0; head < kvHeads; head++) {
      const out = this.#rows(side + head, start, tokens);
      for (let token = 0; token < tokens; token++) {
        const at = token * this.#width + head * headDim;
        out.set(all.subarray(at, at + headDim), token * headDim);
      }
    }
  }

  #copyRowsIn(rows: Int8Array, scales: Float32Array): void {
    new Int8Array(this.#memory.buffer, this.#scratch.rows, rows.length).set(rows);
    this.#copyIn(this.#scratch.scales, scales);
  }

  #copyIn(address: number, values: Float32Array): void {
    new Float32Array(this.#memory.buffer, address, values.length).set(values);
  }

  /** Number of the area that holds a head's keys (kind 0) or values (1). */
  #side(layer: number, kind: 0 | 1, head: number): number {
    return (2 * layer + kind) * this.shape.kvHeads + head;
  }

  /** Address of a token's row; token -1 is the row of zeros. */
  #address(side: number, token: number): number {
    return this.#scratch.end + (side * (this.#capacity + 1) + 1 + token) * this.shape.headDim * 4;
  }

  #rows(side: number, start: number, tokens: number): Float32Array {
    return new Float32Array(this.#memory.buffer, this.#address(side, start), tokens * this.shape.headDim);
  }

  /** Makes the next `tokens` rows part of the context; gives the position of the first. */
  #extend(tokens: number): number {
    if (this.#length + tokens > this.#capacity) {
      throw new RangeError(`the context holds ${this.#capacity} tokens, not ${this.#length + tokens}`);
    }
    this.#length += tokens;
    return this.#length - tokens;
  }
}

function layScratch(width: number, headDim: number): Scratch {
  const layout = new Layout();
  const rows = layout.take(SLICE * width);
  const scales = layout.take(width * 4);
  const bias = layout.take(width * 4);
  // half a head's dimensions at most rotate
  const cos = layout.take(SLICE * headDim * 2);
  const sin = layout.take(SLICE * headDim * 2);
  return { rows, scales, bias, cos, sin, end: layout.end };
}
