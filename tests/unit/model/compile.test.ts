import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isBlockragError } from '../../../shared/errors.ts';
import { compileModel } from '../../../shared/model/compile.ts';
import { CompiledModel } from '../../../shared/model/compiled.ts';
import { tinyFile } from '../../support/fixtures.ts';
import { float32, type Metadata, type Tensors, TINY_LLAMA, writeGguf } from '../../support/gguf.ts';
import { compileOptions, temporaryFolder } from '../../support/models.ts';

/** Compiles a file into a fresh folder: the error's code and message, and what is left in the folder. */
async function outcome(file: string) {
  const folder = await temporaryFolder();
  const result = await compileModel(compileOptions(file, 'fp32', folder)).catch((error: unknown) => error);
  const left = await readdir(folder);
  if (result instanceof CompiledModel) return { code: 'compiled', message: '', left };
  if (isBlockragError(result)) return { code: result.code, message: result.message, left };
  throw result;
}

async function written(change: { metadata?: Metadata; tensors?: Tensors }): Promise<string> {
  const file = join(await temporaryFolder(), 'written.gguf');
  const metadata = { ...TINY_LLAMA.metadata, ...change.metadata };
  await writeGguf(file, metadata, { ...TINY_LLAMA.tensors, ...change.tensors });
  return file;
}

async function edited(edit: (bytes: Buffer) => Buffer): Promise<string> {
  const file = join(await temporaryFolder(), 'edited.gguf');
  await writeFile(file, edit(readFileSync(tinyFile('llama'))));
  return file;
}

describe('compiling', () => {
  test('makes one directory, and opens it the next time without compiling', async () => {
    const folder = await temporaryFolder();
    const options = compileOptions(await written({}), 'fp32', folder);
    const model = await compileModel(options);
    expect(await readdir(folder)).toHaveLength(1);
    const again = await compileModel({
      ...options,
      check: () => Promise.reject(new Error('compiled twice')),
    });
    expect(again.manifest).toEqual(model.manifest);
  });

  test('other compute types and other files get directories of their own', async () => {
    const folder = await temporaryFolder();
    const file = await written({});
    const directories = [
      compileOptions(file, 'fp32', folder),
      compileOptions(file, 'q8', folder),
      compileOptions(await written({ metadata: { 'general.name': 'other' } }), 'fp32', folder),
    ].map(async (options) => (await compileModel(options)).directory);
    expect(new Set(await Promise.all(directories)).size).toBe(3);
  });

  test('two processes that compile the same at once both succeed and leave one directory', async () => {
    const folder = await temporaryFolder();
    const child = async () => {
      const script = join(import.meta.dirname, '../../support/children/compile-once.ts');
      const started = spawn(process.execPath, ['--import', 'tsx', script, tinyFile('qwen2'), folder]);
      let output = '';
      started.stdout.on('data', (text) => {
        output += text;
      });
      started.stderr.on('data', (text) => {
        output += text;
      });
      const [code] = await once(started, 'close');
      return { code, output };
    };
    const [a, b] = await Promise.all([child(), child()]);
    expect([a.code, b.code], `${a.output}\n${b.output}`).toEqual([0, 0]);
    expect(a.output).toBe(b.output);
    expect(await readdir(folder)).toEqual([a.output.trim()]);
  });

  test('a model that fails its check leaves nothing', async () => {
    const folder = await temporaryFolder();
    const options = compileOptions(await written({}), 'w8a8', folder);
    const failed = compileModel({ ...options, check: () => Promise.reject(new Error('not sane')) });
    await expect(failed).rejects.toThrow('not sane');
    expect(await readdir(folder)).toEqual([]);
  });

  test('a compiled directory with a truncated file is refused by name', async () => {
    const options = compileOptions(await written({}), 'fp32', await temporaryFolder());
    const { directory } = await compileModel(options);
    await truncate(join(directory, 'weights.data'), 1000);
    await expect(compileModel(options)).rejects.toMatchObject({
      code: 'model_corrupt',
      message: expect.stringContaining('weights.data'),
    });
  });

  test.each(['', '{', '{}', 'null'])(
    'a compiled directory whose model.json is %j is refused',
    async (text) => {
      const options = compileOptions(await written({}), 'fp32', await temporaryFolder());
      const { directory } = await compileModel(options);
      await writeFile(join(directory, 'model.json'), text);
      await expect(compileModel(options)).rejects.toMatchObject({ code: 'model_corrupt' });
    },
  );
});

describe('a damaged GGUF file is model_corrupt and leaves nothing', () => {
  test.each([0, 3, 4, 20, 500, 1200, 40_000])('cut after %d bytes', async (length) => {
    const file = await edited((bytes) => bytes.subarray(0, length));
    expect(await outcome(file)).toMatchObject({ code: 'model_corrupt', left: [] });
  });

  test('and one of a version that is not read is model_unsupported', async () => {
    const file = await edited((bytes) => {
      bytes.writeUInt32LE(77, 4);
      return bytes;
    });
    expect(await outcome(file)).toMatchObject({ code: 'model_unsupported', left: [] });
  });

  test('cut one byte before the end of the last tensor', async () => {
    // Files end with the last tensor's padding at most.
    const file = await edited((bytes) => bytes.subarray(0, bytes.length - 32));
    expect(await outcome(file)).toMatchObject({ code: 'model_corrupt', left: [] });
  });

  test.each<[string, (bytes: Buffer) => void]>([
    ['another magic', (bytes) => void bytes.write('GGML', 0)],
    ['a number of tensors beyond reason', (bytes) => void bytes.writeUInt32LE(0x7fffffff, 8)],
    ['a number of tensors beyond any memory', (bytes) => void bytes.writeUInt8(0x7f, 15)],
    ['a number of entries beyond reason', (bytes) => void bytes.writeUInt32LE(0x7fffffff, 16)],
    ['a key longer than the file', (bytes) => void bytes.writeUInt32LE(0x7fffffff, 24)],
    [
      'a metadata type that does not exist',
      (bytes) => void bytes.writeUInt32LE(99, 32 + 'general.architecture'.length),
    ],
  ])('with %s', async (_, edit) => {
    const file = await edited((bytes) => {
      edit(bytes);
      return bytes;
    });
    expect(await outcome(file)).toMatchObject({ code: 'model_corrupt', left: [] });
  });

  test.each<[string, { metadata?: Metadata; tensors?: Tensors }, string]>([
    ['a missing tensor', { tensors: { 'blk.0.ffn_up.weight': undefined } }, 'blk.0.ffn_up.weight'],
    ['no embedding', { tensors: { 'token_embd.weight': undefined } }, 'token_embd.weight'],
    [
      'a tensor of another shape',
      { tensors: { 'blk.0.ffn_up.weight': float32(32, 64) } },
      'blk.0.ffn_up.weight',
    ],
    [
      'a tensor beyond its end',
      { tensors: { 'blk.0.ffn_down.weight': { ...float32(32, 32), shape: [32, 32_000] } } },
      'blk.0.ffn_down.weight',
    ],
    ['no number of layers', { metadata: { 'llama.block_count': undefined } }, 'block_count'],
    ['a text where a number belongs', { metadata: { 'llama.block_count': 'one' } }, 'block_count'],
    [
      'more tokens than embeddings',
      { metadata: { 'tokenizer.ggml.tokens': Array.from({ length: 65 }, String) } },
      '65 tokens',
    ],
  ])('with %s, named', async (_, change, name) => {
    const { code, message, left } = await outcome(await written(change));
    expect({ code, left }).toEqual({ code: 'model_corrupt', left: [] });
    expect(message).toContain(name);
  });

  test('that does not exist is model_unknown', async () => {
    const options = compileOptions(tinyFile('llama'), 'fp32', await temporaryFolder());
    const missing = compileModel({ ...options, source: { file: '/nowhere/x.gguf', sha256: 'x' } });
    await expect(missing).rejects.toMatchObject({ code: 'model_unknown' });
  });
});

describe('what is not implemented is refused by name', () => {
  test.each<[string, { metadata?: Metadata; tensors?: Tensors }, string]>([
    ['architecture', { metadata: { 'general.architecture': 'mamba' } }, 'mamba'],
    ['missing architecture', { metadata: { 'general.architecture': undefined } }, 'architecture'],
    ['gemma 2', { metadata: { 'general.architecture': 'gemma2' } }, '"gemma2"; implemented are'],
    ['vision tower', { metadata: { 'general.architecture': 'clip' } }, '"clip"'],
    ['norm of another family', { tensors: { 'blk.0.post_ffw_norm.weight': float32(32) } }, 'post_ffw_norm'],
    ['RoPE scaling', { metadata: { 'llama.rope.scaling.type': 'yarn' } }, 'yarn'],
    ['mixture of experts', { metadata: { 'llama.expert_count': 8 } }, 'llama.expert_count is 8'],
    ['sliding window', { metadata: { 'llama.attention.sliding_window': 4096 } }, 'sliding_window is 4096'],
    ['softcapping', { metadata: { 'llama.attn_logit_softcapping': { float: 50 } } }, 'softcapping is 50'],
    ['heads that do not fit', { metadata: { 'llama.attention.head_count_kv': 3 } }, '3 KV heads'],
    ['values narrower than keys', { metadata: { 'llama.attention.value_length': 8 } }, 'values 8'],
    ['odd rotation', { metadata: { 'llama.rope.dimension_count': 7 } }, '7 of 16'],
    ['tensor type', { tensors: { 'blk.0.ffn_up.weight': { ...float32(32, 32), type: 10 } } }, 'type 10'],
    ['tensor', { tensors: { 'blk.0.attn_sinks.weight': float32(2) } }, 'blk.0.attn_sinks.weight'],
    [
      'layer beyond the last',
      { tensors: { 'blk.1.attn_norm.weight': float32(32) } },
      'blk.1.attn_norm.weight',
    ],
  ])('%s', async (_, change, name) => {
    const { code, message, left } = await outcome(await written(change));
    expect({ code, left }).toEqual({ code: 'model_unsupported', left: [] });
    expect(message).toContain(name);
  });
});
