/** Where compiled models lie. Apart from the compiler, which a model that is there does not need. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Adapter, requireBase } from './adapter.ts';
import { COMPILER_VERSION, CompiledModel } from './compiled.ts';
import type { ComputeType } from './compute.ts';

/** What a compiled model is made of, and so where it lies. */
export interface CompiledFrom {
  /** SHA-256 of the source: of its file, or of all files of its directory. */
  sha256: string;
  adapter?: Adapter | undefined;
  compute: ComputeType;
  /** Folder of all compiled models. */
  folder: string;
}

/** @throws BlockragError `invalid_option` for an adapter of another model */
export function compiledDirectory({ sha256, adapter, compute, folder }: CompiledFrom): string {
  if (adapter !== undefined) requireBase(adapter, sha256);
  const parts = { compiler: COMPILER_VERSION, source: sha256, adapter: adapter?.sha256, compute };
  return join(folder, createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32));
}

/**
 * Opens what has been compiled before; undefined where nothing has. The source file need not be there.
 * @throws BlockragError `model_corrupt`, `invalid_option` for an adapter of another model
 */
export async function openCompiled(from: CompiledFrom): Promise<CompiledModel | undefined> {
  const directory = compiledDirectory(from);
  return existsSync(directory) ? CompiledModel.open(directory) : undefined;
}
