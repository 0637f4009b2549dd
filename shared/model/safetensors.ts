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

type Entry = z.infer<typeof entrySchema>;

/** Named tensors of float16, bfloat16 or float32. */
export class Safetensors {
  #name: string;
  #data: Uint8Array;
  #entries: Map<string, Entry>;

  /**
   * Opens a file's bytes: every tensor's size must fit its shape, and together they must fill the file.
   * @param name the file's, for messages
   * @throws BlockragError `model_corrupt`
   */
  constructor(name: string, bytes: Uint8Array) {
    this.#name = name;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const size = bytes.length < 8 ? 0n : view.getBigUint64(0, true);
    if (size < 2n || size > MAX_HEADER || 8n + size > bytes.length) throw this.#corrupt('it has no header');
    const start = 8 + Number(size);
    let header: unknown;
    try {
      header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start)));
    } catch (error) {
      throw this.#corrupt('its header is no JSON', error);
    }
    const parsed = headerSchema.safeParse(header);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw this.#corrupt(`in its header ${issue?.path.join('.')} is wrong`, parsed.error);
    }
    const { __metadata__: _, ...entries } = parsed.data;
    this.#data = bytes.subarray(start);
    this.#entries = new Map(Object.entries(entries as Record<string, Entry>));
    this.#checkPlaces();
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /**
   * A tensor's values in float32, row by row.
   * @throws BlockragError `model_corrupt` when absent, of another shape, or not all finite
   */
  read(name: string, shape: readonly number[]): Float32Array {
    const { dtype, data_offsets } = this.#entry(name, shape);
    const [from, to] = data_offsets;
    const bytes = new DataView(this.#data.buffer, this.#data.byteOffset + from, to - from);
    const values = new Float32Array((to - from) / BYTES[dtype]);
    for (let i = 0; i < values.length; i++) {
      if (dtype === 'F32') values[i] = bytes.getFloat32(i * 4, true);
      else if (dtype === 'F16') values[i] = HALF_TO_FLOAT[bytes.getUint16(i * 2, true)]!;
      else values[i] = widen(bytes.getUint16(i * 2, true));
    }
    if (!values.every(Number.isFinite)) throw this.#corrupt(`${name} holds numbers that are not finite`);
    return values;
  }

  /** @throws BlockragError `model_corrupt` unless there is a tensor of this name and shape */
  require(name: string, shape: readonly number[]): void {
    this.#entry(name, shape);
  }

  #entry(name: string, shape: readonly number[]): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw this.#corrupt(`it lacks ${name}`);
    if (entry.shape.join() !== shape.join()) {
      throw this.#corrupt(`${name} is [${entry.shape}], expected [${shape}]`);
    }
    return entry;
  }

  /** The format wants the tensors side by side, without holes, to the end of the file. */
  #checkPlaces(): void {
    const entries = [...this.#entries].sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
    let end = 0;
    for (const [name, { dtype, shape, data_offsets }] of entries) {
      const bytes = shape.reduce((product, n) => product * n, BYTES[dtype]);
      if (data_offsets[0] !== end || data_offsets[1] - end !== bytes) {
        throw this.#corrupt(`${name} is not where its header says`);
      }
      end = data_offsets[1];
    }
    if (end !== this.#data.length) throw this.#corrupt(`it holds ${this.#data.length} bytes, not ${end}`);
  }

  #corrupt(why: string, cause?: unknown): BlockragError {
    return new BlockragError('model_corrupt', `${this.#name} is not a whole safetensors file: ${why}.`, {
      cause,
    });
  }
}

const scratch = new DataView(new ArrayBuffer(4));

/** bfloat16 is the upper half of a float32. */
function widen(bits: number): number {
  scratch.setUint16(0, bits);
  scratch.setUint16(2, 0);
  return scratch.getFloat32(0);
}
