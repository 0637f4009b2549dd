/** The tensors of a directory: model.safetensors, or the shards that model.safetensors.index.json names. */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { BlockragError } from '../../errors.ts';
import { entryOf, headerBytes, readIndex, type SafetensorsIndex, toFloat32 } from '../safetensors.ts';

export const WEIGHTS_FILE = 'model.safetensors';
export const WEIGHTS_INDEX = 'model.safetensors.index.json';

/** A shard is a file of the directory itself. */
const indexSchema = z.looseObject({
  weight_map: z.record(z.string(), z.string().regex(/^[\w-][\w.-]*\.safetensors$/)),
});

interface Shard {
  name: string;
  handle: FileHandle;
  index: SafetensorsIndex;
}

/** One read moves at most 2 GiB. */
const MAX_READ = 2 ** 30;

/** Open shards; a tensor is read when it is asked for. */
export class Tensors {
  /** Shapes by name, outermost dimension first. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  #shards: readonly Shard[];
  #shardOf: Map<string, Shard>;

  private constructor(shards: readonly Shard[]) {
    this.#shards = shards;
    this.#shardOf = new Map(
      shards.flatMap((shard) => [...shard.index.entries.keys()].map((name) => [name, shard])),
    );
    this.shapes = new Map(
      shards.flatMap(({ index }) => [...index.entries].map(([name, { shape }]) => [name, shape])),
    );
  }

  /** @throws BlockragError `model_corrupt` */
  static async open(directory: string): Promise<Tensors> {
    const shards: Shard[] = [];
    try {
      for (const name of await shardsOf(directory)) shards.push(await openShard(join(directory, name)));
      return new Tensors(shards);
    } catch (error) {
      await Promise.all(shards.map(({ handle }) => handle.close()));
      throw error;
    }
  }

  has(name: string): boolean {
    return this.#shardOf.has(name);
  }

  /** A tensor's values, row by row. @throws BlockragError `model_corrupt` when absent or of another shape */
  async read(name: string, shape: readonly number[]): Promise<Float32Array> {
    const shard = this.#shardOf.get(name);
    if (shard === undefined) throw new BlockragError('model_corrupt', `The model has no tensor ${name}.`);
    const entry = entryOf(shard.name, shard.index.entries, name, shape);
    const [from, to] = entry.data_offsets;
    const bytes = await readBytes(shard, shard.index.start + from, to - from);
    return toFloat32(shard.name, name, entry, bytes);
  }

  async close(): Promise<void> {
    await Promise.all(this.#shards.map(({ handle }) => handle.close()));
  }
}

/** The names of a directory's weight files. @throws BlockragError `model_corrupt` */
export async function shardsOf(directory: string): Promise<string[]> {
  const text = await readFile(join(directory, WEIGHTS_INDEX), 'utf8').catch(() => undefined);
  return text === undefined ? [WEIGHTS_FILE] : shardNames(text);
}

/** The files that a model.safetensors.index.json names. @throws BlockragError `model_corrupt` */
export function shardNames(index: string): string[] {
  try {
    return [...new Set(Object.values(indexSchema.parse(JSON.parse(index)).weight_map))].sort();
  } catch (cause) {
    throw new BlockragError('model_corrupt', `${WEIGHTS_INDEX} does not name the model's files.`, { cause });
  }
}

async function openShard(path: string): Promise<Shard> {
  const name = basename(path);
  const handle = await open(path).catch((cause: unknown) => {
    throw new BlockragError('model_corrupt', `The model's ${name} is missing or cannot be read.`, { cause });
  });
  try {
    const { size } = await handle.stat();
    const first = Buffer.alloc(Math.min(8, size));
    await handle.read(first, 0, first.length, 0);
    const head = Buffer.alloc(headerBytes(name, first, size));
    await handle.read(head, 0, head.length, 0);
    return { name, handle, index: readIndex(name, head, size) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readBytes({ name, handle }: Shard, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, MAX_READ), position + done);
    if (bytesRead === 0) throw new BlockragError('model_corrupt', `${name} ended while being read.`);
    done += bytesRead;
  }
  return bytes;
}
