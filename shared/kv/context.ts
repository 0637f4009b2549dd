/**
 * The context of one prompt: the keys and values of its blocks laid end to end, keys rotated to their absolute
 * positions, ready to be attended to. Token-major for each layer, so that new rows are appended behind it.
 */
import type { RopeTable } from '../model/rope.ts';
import type { KvBlob } from './blob.ts';
import { dequantizeRows, rotateRows } from './reencode.ts';
import { type KvShape, kvWidth } from './shape.ts';

export class ContextKv {
  readonly shape: KvShape;
  #width: number;
  #capacity = 0;
  #length = 0;
  #keys: Float32Array[] = [];
  #values: Float32Array[] = [];

  constructor(shape: KvShape) {
    this.shape = shape;
    this.#width = kvWidth(shape);
  }

  /** Tokens laid so far; also the position of the next one. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of memory held. */
  get bytes(): number {
    return this.#capacity * this.#width * 4 * 2 * this.shape.layers;
  }

  /** Empties the context and makes room for `tokens`; the memory of earlier prompts is used again. */
  reset(tokens: number): void {
    this.#length = 0;
    if (tokens <= this.#capacity) return;
    const allocate = () =>
      Array.from({ length: this.shape.layers }, () => new Float32Array(tokens * this.#width));
    this.#keys = allocate();
    this.#values = allocate();
    this.#capacity = tokens;
  }

  /** Rotated keys of a layer, a view [length, kv_heads, head_dim]. */
  keys(layer: number): Float32Array {
    return this.#keys[layer]!.subarray(0, this.#length * this.#width);
  }

  /** Values of a layer, a view [length, kv_heads, head_dim]. */
  values(layer: number): Float32Array {
    return this.#values[layer]!.subarray(0, this.#length * this.#width);
  }

  /** Re-encodes a stored block to the positions behind what is laid. */
  lay(blob: KvBlob, rope: RopeTable, keyBias: Float32Array[] | undefined): void {
    const { from, to } = this.#extend(blob.tokens);
    const { cos, sin } = rope.rows(this.#length - blob.tokens, blob.tokens);
    // fp32 blobs hold the keys whole; the others without the model's constant bias.
    const bias = blob.dtype === 'fp32' ? undefined : keyBias;
    for (let layer = 0; layer < this.shape.layers; layer++) {
      const keys = this.#keys[layer]!.subarray(from, to);
      dequantizeRows(blob.keys[layer]!, blob.keyScales[layer], bias?.[layer], keys);
      rotateRows(keys, cos, sin, this.shape.kvHeads, this.shape.headDim);
      const values = this.#values[layer]!.subarray(from, to);
      dequantizeRows(blob.values[layer]!, blob.valueScales[layer], undefined, values);
    }
  }

  /** Appends new rows as the model gave them: for each layer [tokens, kv_heads, head_dim], keys rotated. */
  append(tokens: number, keys: readonly Float32Array[], values: readonly Float32Array[]): void {
    const { from } = this.#extend(tokens);
    for (let layer = 0; layer < this.shape.layers; layer++) {
      this.#keys[layer]!.set(keys[layer]!, from);
      this.#values[layer]!.set(values[layer]!, from);
    }
  }

  #extend(tokens: number): { from: number; to: number } {
    if (this.#length + tokens > this.#capacity) {
      throw new RangeError(`the context holds ${this.#capacity} tokens, not ${this.#length + tokens}`);
    }
    const from = this.#length * this.#width;
    this.#length += tokens;
    return { from, to: this.#length * this.#width };
  }
}
