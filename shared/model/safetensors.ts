/** Tensors in the safetensors format: https://github.com/huggingface/safetensors#format */
import { z } from 'zod';
import { BlockragError } from '../errors.ts';
import { HALF_TO_FLOAT } from './half.ts';

/** Bytes of a header at most: a tensor takes about a hundred. */
const MAX_HEADER = 16 << 20;

const BYTES = { F16: 2, BF16: 2, F32: 4 } as const;

const length = z.number().int().nonnegative();
const entrySchema = z.object({
  dtype: z.enum(['F16', 'BF16', 'F32']),
  shape: z.array(length).max(8),
  data_offsets: z.tuple([length, length]),
});
const headerSchema = z
  .object({ __metadata__: z.record(z.string(), z.string()).optional() })
  .catchall(entrySchema);

export type Entry = z.infer<typeof entrySchema>;

/** A file's tensors and where they are. */
export interface SafetensorsIndex {
  entries: ReadonlyMap<string, Entry>;
  /** Where the data begin, in bytes from the file's start. */
  start: number;
}

/**
 * Reads a file's header: every tensor's size must fit its shape, and together they must fill the file.
 * @param name the file's, for messages
 * @param head the file's first bytes, its header at least (see `headerBytes`)
 * @param size the whole file's, in bytes
 * @throws BlockragError `model_corrupt`
 */
export function readIndex(name: string, head: Uint8Array, size: number): SafetensorsIndex {
  const start = headerBytes(name, head, size);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(head.subarray(8, start)));
  } catch (error) {
    throw corrupt(name, 'its header is no JSON', error);
  }
  const parsed = headerSchema.safeParse(header);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw corrupt(name, `in its header ${issue?.path.join('.')} is wrong`, parsed.error);
  }
  const { __metadata__: _, ...found } = parsed.data;
  const entries = new Map(Object.entries(found as Record<string, Entry>));
  checkPlaces(name, entries, size - start);
  return { entries, start };
}

/** Bytes from a file's start to its data, told by its first 8. @throws BlockragError `model_corrupt` */
export function headerBytes(name: string, head: Uint8Array, size: number): number {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const length = head.length < 8 ? 0n : view.getBigUint64(0, true);
  if (length < 2n || length > MAX_HEADER || 8n + length > size) throw corrupt(name, 'it has no header');
  return 8 + Number(length);
}

/** A tensor of that name and shape. @throws BlockragError `model_corrupt` when there is none */
export function entryOf(
  file: string,
  entries: ReadonlyMap<string, Entry>,
  name: string,
  shape: readonly number[],
): Entry {
  const entry = entries.get(name);
  if (entry === undefined) throw corrupt(file, `it lacks ${name}`);
  if (entry.shape.join() !== shape.join()) {
    throw corrupt(file, `${name} is [${entry.shape}], expected [${shape}]`);
  }
  return entry;
}

/** A tensor's bytes as float32. @throws BlockragError `model_corrupt` when not all are finite */
export function toFloat32(file: string, name: string, { dtype }: Entry, bytes: Uint8Array): Float32Array {
  // A copy lies on a boundary that typed arrays accept; Buffer's slice is no copy.
  const { buffer } = new Uint8Array(bytes);
  const values = dtype === 'F32' ? new Float32Array(buffer) : widen(dtype, new Uint16Array(buffer));
  if (!values.every(Number.isFinite)) throw corrupt(file, `${name} holds numbers that are not finite`);
  return values;
}

/** Named tensors of float16, bfloat16 or float32, in memory. */
export class Safetensors {
  #name: string;
  #bytes: Uint8Array;
  #index: SafetensorsIndex;

  /**
   * @param name the file's, for messages
   * @throws BlockragError `model_corrupt`
   */
  constructor(name: string, bytes: Uint8Array) {
    this.#name = name;
    this.#bytes = bytes;
    this.#index = readIndex(name, bytes, bytes.length);
  }

  get names(): string[] {
    return [...this.#index.entries.keys()];
  }

  /**
   * A tensor's values in float32, row by row.
   * @throws BlockragError `model_corrupt` when absent, of another shape, or not all finite
   */
  read(name: string, shape: readonly number[]): Float32Array {
    const { entries, start } = this.#index;
    const entry = entryOf(this.#name, entries, name, shape);
    const [from, to] = entry.data_offsets;
    return toFloat32(this.#name, name, entry, this.#bytes.subarray(start + from, start + to));
  }

  /** @throws BlockragError `model_corrupt` unless there is a tensor of this name and shape */
  require(name: string, shape: readonly number[]): void {
    entryOf(this.#name, this.#index.entries, name, shape);
  }
}

/** The format wants the tensors side by side, without holes, to the end of the file. */
function checkPlaces(file: string, entries: ReadonlyMap<string, Entry>, size: number): void {
  const sorted = [...entries].sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  let end = 0;
  for (const [name, { dtype, shape, data_offsets }] of sorted) {
    const bytes = shape.reduce((product, n) => product * n, BYTES[dtype]);
    if (data_offsets[0] !== end || data_offsets[1] - end !== bytes) {
      throw corrupt(file, `${name} is not where its header says`);
    }
    end = data_offsets[1];
  }
  if (end !== size) throw corrupt(file, `it holds ${size} bytes, not ${end}`);
}

function widen(dtype: 'F16' | 'BF16', bits: Uint16Array): Float32Array {
  if (dtype === 'F16') return Float32Array.from(bits, (half) => HALF_TO_FLOAT[half]!);
  // bfloat16 is the upper half of a float32.
  const wide = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) wide[i] = bits[i]! << 16;
  return new Float32Array(wide.buffer);
}

function corrupt(file: string, why: string, cause?: unknown): BlockragError {
  return new BlockragError('model_corrupt', `${file} is not a whole safetensors file: ${why}.`, { cause });
}
