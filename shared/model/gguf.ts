/** A GGUF file: typed metadata, and tensors read one at a time as float32. */
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { gguf } from '@huggingface/gguf';
import { BlockragError } from '../errors.ts';
import { BLOCK_FORMATS, dequantize } from './dequantize.ts';

/** Little-endian; those before are of weeks in 2023. */
const VERSIONS = [2, 3];
/** Beyond any that there will be soon: what says so is no GGUF. */
const MOST_VERSIONS = 99;
/** Magic, version, and the numbers of tensors and of metadata entries. */
const START_BYTES = 24;
/** Bytes that a tensor takes in the header at least, and a metadata entry. */
const LEAST_TENSOR = 24;
const LEAST_ENTRY = 13;

interface TensorEntry {
  /** Outermost dimension first: [rows, columns]. */
  shape: number[];
  type: number;
  offset: number;
}

/** The header of an open GGUF file; its tensors are read on demand. */
export class GgufFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  #metadata: Record<string, unknown>;
  #handle: FileHandle;

  private constructor(
    path: string,
    handle: FileHandle,
    metadata: Record<string, unknown>,
    tensors: Map<string, TensorEntry>,
  ) {
    this.path = path;
    this.#handle = handle;
    this.#metadata = metadata;
    this.tensors = tensors;
  }

  /**
   * Opens a file and checks that every tensor is of a known type and lies inside the file.
   * @throws BlockragError `model_corrupt`, `model_unsupported`
   */
  static async open(path: string): Promise<GgufFile> {
    const name = basename(path);
    const corrupt = (why: string, cause?: unknown) =>
      new BlockragError('model_corrupt', `${name} is not a whole GGUF file: ${why}.`, { cause });
    let handle: FileHandle;
    try {
      handle = await open(path);
    } catch (error) {
      throw new BlockragError('model_unknown', `${path} cannot be opened.`, { cause: error });
    }
    try {
      const { size } = await handle.stat();
      const start = Buffer.alloc(START_BYTES);
      const { bytesRead } = await handle.read(start, 0, START_BYTES, 0);
      if (start.toString('latin1', 0, 4) !== 'GGUF') throw corrupt('it does not start with "GGUF"');
      if (bytesRead < START_BYTES) throw corrupt('it ends within its header');
      const version = start.readUInt32LE(4);
      if (version > MOST_VERSIONS) throw corrupt('its version is no number that one has');
      if (!VERSIONS.includes(version)) {
        const message = `${name} is of version ${version} of GGUF: ${VERSIONS.join(' and ')} are read.`;
        throw new BlockragError('model_unsupported', message);
      }
      // The parser goes by these counts, and reads what lies beyond the end as zeros.
      const tensorCount = Number(start.readBigUInt64LE(8));
      const entryCount = Number(start.readBigUInt64LE(16));
      if (tensorCount === 0) throw corrupt('it has no tensors');
      if (tensorCount * LEAST_TENSOR + entryCount * LEAST_ENTRY > size) {
        throw corrupt('it has no room for what its header counts');
      }
      const header = await gguf(path, { allowLocalFile: true }).catch((error: unknown) => {
        throw corrupt('its header is damaged', error);
      });
      const dataStart = Number(header.tensorDataOffset);
      const tensors = new Map<string, TensorEntry>();
      for (const info of header.tensorInfos) {
        const format = BLOCK_FORMATS.get(info.dtype);
        if (format === undefined) {
          throw new BlockragError(
            'model_unsupported',
            `${name}: the tensor ${info.name} has type ${info.dtype}, which is not implemented; known are ${[...BLOCK_FORMATS.values()].map((f) => f.name).join(', ')}.`,
          );
        }
        const shape = info.shape.map(Number).reverse();
        const entry = { shape, type: info.dtype, offset: dataStart + Number(info.offset) };
        const values = shape.reduce((product, n) => product * n, 1);
        if (!Number.isSafeInteger(values) || values <= 0 || shape.at(-1)! % format.values !== 0) {
          throw corrupt(`the tensor ${info.name} has the shape [${shape}]`);
        }
        if (!(entry.offset >= 0 && entry.offset + (values / format.values) * format.bytes <= size)) {
          throw corrupt(`the tensor ${info.name} lies beyond its end (${size} bytes)`);
        }
        tensors.set(info.name, entry);
      }
      return new GgufFile(path, handle, header.metadata as Record<string, unknown>, tensors);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** A metadata number, undefined where absent. @throws BlockragError `model_corrupt` when of another kind */
  number(key: string): number | undefined {
    const value = this.#metadata[key];
    if (value === undefined) return undefined;
    if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
    throw this.#wrongKind(key, 'a number');
  }

  string(key: string): string | undefined {
    const value = this.#metadata[key];
    if (value === undefined || typeof value === 'string') return value;
    throw this.#wrongKind(key, 'a string');
  }

  boolean(key: string): boolean | undefined {
    const value = this.#metadata[key];
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.#wrongKind(key, 'true or false');
  }

  strings(key: string): string[] | undefined {
    const value = this.#metadata[key];
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw this.#wrongKind(key, 'a list of strings');
  }

  numbers(key: string): number[] | undefined {
    const value = this.#metadata[key];
    if (value === undefined) return undefined;
    if (Array.isArray(value)) return value.map(Number);
    throw this.#wrongKind(key, 'a list of numbers');
  }

  /** A metadata value of any kind. */
  value(key: string): unknown {
    return this.#metadata[key];
  }

  /** A tensor's values, row by row. @throws BlockragError `model_corrupt` when absent or of another shape */
  async read(name: string, shape: readonly number[]): Promise<Float32Array> {
    const entry = this.tensors.get(name);
    if (entry === undefined) {
      throw new BlockragError('model_corrupt', `${basename(this.path)} has no tensor ${name}.`);
    }
    if (entry.shape.join() !== shape.join()) {
      throw new BlockragError(
        'model_corrupt',
        `${basename(this.path)}: the tensor ${name} is [${entry.shape}], expected [${shape}].`,
      );
    }
    const format = BLOCK_FORMATS.get(entry.type)!;
    const values = shape.reduce((product, n) => product * n, 1);
    const bytes = new Uint8Array((values / format.values) * format.bytes);
    for (let done = 0; done < bytes.length; ) {
      // Reads are cut at 1 GiB: one call moves at most 2 GiB.
      const length = Math.min(bytes.length - done, 2 ** 30);
      const { bytesRead } = await this.#handle.read(bytes, done, length, entry.offset + done);
      if (bytesRead === 0) throw new BlockragError('model_corrupt', `${this.path} ended while being read.`);
      done += bytesRead;
    }
    return dequantize(format, bytes);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #wrongKind(key: string, kind: string): BlockragError {
    return new BlockragError('model_corrupt', `${basename(this.path)}: ${key} is not ${kind}.`);
  }
}
