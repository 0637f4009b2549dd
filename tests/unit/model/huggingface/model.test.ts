import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { calibrate } from '../../../../shared/attention/calibrate.ts';
import { Decoder } from '../../../../shared/attention/decoder.ts';
import { ATTENTION_MODES } from '../../../../shared/attention/modes.ts';
import { selfCheck } from '../../../../shared/attention/self-check.ts';
import { compileModel } from '../../../../shared/model/compile.ts';
import type { CompiledModel } from '../../../../shared/model/compiled.ts';
import { openOriginal } from '../../../../shared/model/open-original.ts';
import { PromptTemplate } from '../../../../shared/model/prompt.ts';
import { fetchModelFile } from '../../../../shared/model/sources/index.ts';
import { ask, type Store } from '../../../support/asking.ts';
import {
  expectation,
  TINY_DIRECTORIES,
  type TinyDirectory,
  tinyDirectory,
  tinyDirectoryNumbers,
} from '../../../support/fixtures.ts';
import { temporaryFolder } from '../../../support/models.ts';

async function compiled(name: TinyDirectory): Promise<CompiledModel> {
  const cache = await temporaryFolder();
  const { file, sha256 } = await fetchModelFile(tinyDirectory(name), { cache });
  return compileModel({
    source: { file, sha256 },
    compute: 'fp32',
    folder: await temporaryFolder(),
    calibrate,
    check: (model) => selfCheck(model, { text: false }),
  });
}

describe.each(TINY_DIRECTORIES)('a directory with a %s model', (name) => {
  const { cases, tokenize } = tinyDirectoryNumbers(name);
  let model: CompiledModel;
  let decoder: Decoder;
  beforeAll(async () => {
    model = await compiled(name);
    decoder = await Decoder.open(model);
  });
  afterAll(() => decoder?.dispose());

  describe.each(ATTENTION_MODES)('under %s attention', (attention) => {
    it.each(cases)('gives the numbers of transformers, case $#', async (one) => {
      const { top10, greedy16 } = expectation(one, attention);
      const store: Store = new Map();
      const answer = await ask(
        decoder,
        { blocks: one.blocks, attention, dtype: 'fp32', maxTokens: 16 },
        store,
      );
      for (const [id, logProbability] of top10) {
        expect(Math.abs(answer.logProbabilities[id]! - logProbability)).toBeLessThan(1e-3);
      }
      expect(answer.tokens).toEqual(greedy16);
    });
  });

  it.each(tokenize)('tokenises $text as it does there', async ({ text, ids }) => {
    const tokenizer = await model.tokenizer();
    expect(Array.from(tokenizer.encode(text))).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(text.normalize('NFC'));
  });

  it('takes special tokens from its template only, and knows what ends an answer', async () => {
    const tokenizer = await model.tokenizer();
    const mark = name === 'gemma3' ? '<end_of_turn>' : '<|im_end|>';
    const end = tokenizer.file.tokens.indexOf(mark);
    expect(tokenizer.file.end).toContain(end);
    expect(Array.from(tokenizer.encode(mark))).not.toContain(end);
    const prompt = new PromptTemplate(tokenizer).finalBlock('When?');
    expect(Array.from(prompt)).toContain(end);
    expect(tokenizer.file.addBos).toBe(name === 'llama' || name === 'gemma3');
  });
});

describe('a directory', () => {
  /** The error of a copy that was changed. */
  async function refusal(name: TinyDirectory, change: (directory: string) => void) {
    const directory = join(await temporaryFolder(), name);
    cpSync(tinyDirectory(name), directory, { recursive: true });
    change(directory);
    return openOriginal(directory).then(
      (original) => original.close().then(() => ({ code: 'opened', message: '' })),
      (error: unknown) => error as { code: string; message: string },
    );
  }
  const edit = (file: string, changes: object) => (directory: string) => {
    const path = join(directory, file);
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...changes }));
  };

  it.each<[string, object, RegExp]>([
    ['another architecture', { model_type: 'mamba' }, /model_type is "mamba"; implemented are llama/],
    ['another activation', { hidden_act: 'gelu' }, /hidden_act is "gelu"/],
    ['a sliding window', { use_sliding_window: true }, /sliding window/],
    ['layers of another kind', { layer_types: ['full_attention', 'linear'] }, /layers of "linear"/],
    ['quantized weights', { quantization_config: { quant_method: 'awq' } }, /quantized by "awq"/],
    [
      'a RoPE scaling that is not known',
      { rope_parameters: { rope_type: 'yarn' } },
      /RoPE scaling is "yarn"/,
    ],
    ['a multiplier', { residual_multiplier: 0.2 }, /residual_multiplier is 0.2/],
    ['fewer layers than tensors', { num_hidden_layers: 2 }, /model\.layers\.2\.\S+ is not understood/],
  ])('with %s is refused by name', async (_, change, message) => {
    expect(await refusal('qwen2', edit('config.json', change))).toMatchObject({
      code: 'model_unsupported',
      message: expect.stringMatching(message),
    });
  });

  it.each<[string, object, RegExp]>([
    ['a vision tower', { model_type: 'gemma3' }, /vision tower; take one of "gemma3_text"/],
    ['the architecture of gemma 2', { model_type: 'gemma2' }, /"gemma2"; implemented are .*gemma3_text/],
    ['another activation', { hidden_activation: 'gelu' }, /hidden_activation is "gelu"/],
    ['attention in both directions', { use_bidirectional_attention: true }, /both directions/],
    ['capped logits', { final_logit_softcapping: 30 }, /final_logit_softcapping is 30/],
    ['local layers only', { layer_types: Array(3).fill('sliding_attention') }, /sees the whole context/],
    ['layers of another kind', { layer_types: Array(3).fill('chunked_attention') }, /chunked_attention/],
  ])('of gemma3 with %s is refused by name', async (_, change, message) => {
    expect(await refusal('gemma3', edit('config.json', change))).toMatchObject({
      code: 'model_unsupported',
      message: expect.stringMatching(message),
    });
  });

  it.each<[string, (directory: string) => void, RegExp]>([
    ['without config.json', (d) => rmSync(join(d, 'config.json')), /no config\.json/],
    ['without tokenizer.json', (d) => rmSync(join(d, 'tokenizer.json')), /no tokenizer\.json/],
    ['without a shard', (d) => rmSync(join(d, 'model-00002-of-00003.safetensors')), /model-00002/],
    [
      'with a shard elsewhere',
      edit('model.safetensors.index.json', { weight_map: { a: '../x.safetensors' } }),
      /name/,
    ],
    ['with JSON that is none', (d) => writeFileSync(join(d, 'config.json'), '{'), /no JSON/],
    ['with an index that is cut', (d) => writeFileSync(join(d, 'model.safetensors.index.json'), '{'), /name/],
  ])('%s is refused as damaged', async (_, change, message) => {
    expect(await refusal('llama', change)).toMatchObject({
      code: 'model_corrupt',
      message: expect.stringMatching(message),
    });
  });
});
