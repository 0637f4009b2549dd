/** Models for tests: a small real one from the user's cache, and the tiny random ones compiled for one test file. */

import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { calibrate } from '../../shared/attention/calibrate.ts';
import { selfCheck } from '../../shared/attention/self-check.ts';
import type { Adapter } from '../../shared/model/adapter.ts';
import { type CompileOptions, compileModel } from '../../shared/model/compile.ts';
import type { CompiledModel } from '../../shared/model/compiled.ts';
import type { ComputeType } from '../../shared/model/compute.ts';
import { prepareModel } from '../../shared/pipeline/prepare-model.ts';
import { type TinyModel, tinyFile } from './fixtures.ts';
import { testFetch } from './settings.ts';

/** The known model that tests work with, unless they are about another: small and quick. */
export const TEST_MODEL = 'smollm2-135m-instruct';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is removed after the tests of this file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'blockrag-test-'));
  folders.push(folder);
  return folder;
}

/** That model without its adapter, as the recorded numbers are: fetched and compiled the first time, which takes a minute. */
export function testModel(compute: ComputeType): Promise<CompiledModel> {
  return prepareModel({
    ...testFetch(),
    reference: TEST_MODEL,
    adapter: 'none',
    compute,
    requireText: true,
  });
}

/** That model as it is shipped, with its adapter. */
export function shippedModel(): Promise<CompiledModel> {
  return prepareModel({
    ...testFetch(),
    reference: TEST_MODEL,
    adapter: 'shipped',
    compute: 'w8a8',
    requireText: true,
  });
}

/** How a GGUF file is compiled in tests: as the product does, but into a folder of the test. */
export function compileOptions(
  file: string,
  compute: ComputeType,
  folder: string,
  adapter?: Adapter,
): CompileOptions {
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  return {
    source: { file, sha256 },
    adapter,
    compute,
    folder,
    calibrate,
    check: (model) => selfCheck(model, { text: false }),
  };
}

let tinyFolder: Promise<string> | undefined;

/** One of the tiny random models, compiled with its self-check. */
export async function tinyModel(name: TinyModel, compute: ComputeType = 'fp32'): Promise<CompiledModel> {
  tinyFolder ??= temporaryFolder();
  return compileModel(compileOptions(tinyFile(name), compute, await tinyFolder));
}
