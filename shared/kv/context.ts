/**
 * The context of one prompt: the keys and values of its blocks laid end to end, keys rotated to their absolute
 * positions, ready to be attended to. Token-major for each layer, so that new rows are appended behind it.
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
/** Tokens re-encoded at a time: their rows stay in the processor's cache between the kernels. */
const SLICE = 256;

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

  /** Bytes of memory held. */
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
    ensureBytes(this.#memory, this.#scratch.end + tokens * this.#width * 4 * 2 * this.shape.layers);
    this.#capacity = tokens;
  }

  /** Rotated keys of a layer, a view [length, kv_heads, head_dim], valid until the next reset. */
  keys(layer: number): Float32Array {
    return this.#rows(2 * layer, 0, this.#length);
  }

  /** Values of a layer, a view [length, kv_heads, head_dim], valid until the next reset. */
  values(layer: number): Float32Array {
    return this.#rows(2 * layer + 1, 0, this.#length);
  }

  /** Re-encodes a stored block to the positions behind what is laid. */
  lay(blob: KvBlob, rope: RopeTable, keyBias: Float32Array[] | undefined): void {
    const start = this.#extend(blob.tokens);
    // fp32 blobs hold the keys whole; the others without the model's constant bias.
    const bias = blob.dtype === 'fp32' ? undefined : keyBias;
    for (let from = 0; from < blob.tokens; from += SLICE) {
      const tokens = Math.min(SLICE, blob.tokens - from);
      const { cos, sin } = rope.rows(start + from, tokens);
      this.#copyIn(this.#scratch.cos, cos);
      this.#copyIn(this.#scratch.sin, sin);
      for (let layer = 0; layer < this.shape.layers; layer++) {
        const part = (rows: KvBlob['keys'][number]) =>
          rows.subarray(from * this.#width, (from + tokens) * this.#width);
        this.#dequantize(
          2 * layer,
          start + from,
          tokens,
          part(blob.keys[layer]!),
          blob.keyScales[layer],
          bias?.[layer],
        );
        this.#rotate(2 * layer, start + from, tokens, cos, sin, rope.half);
        const values = part(blob.values[layer]!);
        this.#dequantize(2 * layer + 1, start + from, tokens, values, blob.valueScales[layer], undefined);
      }
    }
  }

  /** Appends new rows as the model gave them: for each layer [tokens, kv_heads, head_dim], keys rotated. */
  append(tokens: number, keys: readonly Float32Array[], values: readonly Float32Array[]): void {
    const start = this.#extend(tokens);
    for (let layer = 0; layer < this.shape.layers; layer++) {
      this.#rows(2 * layer, start, tokens).set(keys[layer]!);
      this.#rows(2 * layer + 1, start, tokens).set(values[layer]!);
    }
  }

  #dequantize(
    side: number,
    start: number,
    tokens: number,
    rows: Int8Array | Uint16Array | Float32Array,
    scales: Float32Array | undefined,
    bias: Float32Array | undefined,
  ): void {
    if (!(rows instanceof Int8Array) || this.#width % 8 !== 0) {
      dequantizeRows(rows, scales, bias, this.#rows(side, start, tokens));
      return;
    }
    const scratch = this.#scratch;
    new Int8Array(this.#memory.buffer, scratch.rows, rows.length).set(rows);
    this.#copyIn(scratch.scales, scales!);
    if (bias === undefined) new Float32Array(this.#memory.buffer, scratch.bias, this.#width).fill(0);
    else this.#copyIn(scratch.bias, bias);
    const out = this.#address(side, start);
    this.#kernels.scale_rows(scratch.rows, scratch.scales, scratch.bias, out, tokens, this.#width);
  }

  #rotate(
    side: number,
    start: number,
    tokens: number,
    cos: Float32Array,
    sin: Float32Array,
    half: number,
  ): void {
    const { kvHeads, headDim } = this.shape;
    if (half % 4 !== 0) {
      rotateRows(this.#rows(side, start, tokens), cos, sin, kvHeads, headDim);
      return;
    }
    const { cos: cosAt, sin: sinAt } = this.#scratch;
    const keys = this.#address(side, start);
    this.#kernels.rotate_rows(keys, cosAt, sinAt, tokens, kvHeads, headDim * 4, half * 4);
  }

  #copyIn(address: number, values: Float32Array): void {
    new Float32Array(this.#memory.buffer, address, values.length).set(values);
  }

  /** Address of a token's row; side: 2 * layer for keys, one more for values. */
  #address(side: number, token: number): number {
    return this.#scratch.end + (side * this.#capacity + token) * this.#width * 4;
  }

  #rows(side: number, start: number, tokens: number): Float32Array {
    return new Float32Array(this.#memory.buffer, this.#address(side, start), tokens * this.#width);
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
