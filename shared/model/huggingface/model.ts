/** A model's directory as Hugging Face has it: config.json, tokenizer.json and safetensors. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BlockragError } from '../../errors.ts';
import type { OriginalModel } from '../original.ts';
import { readConfig, readHuggingFaceArchitecture } from './config.ts';
import { Tensors } from './tensors.ts';
import { readHuggingFaceTokenizer } from './tokenizer.ts';
import { huggingFaceWeights } from './weights.ts';

/** The files that every directory must have, and those that it may have, beside its weights. */
export const REQUIRED_FILES = ['config.json', 'tokenizer.json'] as const;
export const OPTIONAL_FILES = [
  'tokenizer_config.json',
  'generation_config.json',
  'chat_template.jinja',
] as const;

/**
 * Opens a directory with llama, qwen2, qwen3 or gemma3 weights in bfloat16, float16 or float32.
 * @throws BlockragError `model_corrupt`, `model_unsupported`
 */
export async function openHuggingFaceModel(directory: string): Promise<OriginalModel> {
  const config = readConfig(await readJson(directory, 'config.json'));
  const tensors = await Tensors.open(directory);
  try {
    const architecture = readHuggingFaceArchitecture(config, tensors.shapes);
    const sources = {
      tokenizer: await readJson(directory, 'tokenizer.json'),
      settings: await readJson(directory, 'tokenizer_config.json', { optional: true }),
      generation: await readJson(directory, 'generation_config.json', { optional: true }),
      chatTemplate: await readText(join(directory, 'chat_template.jinja')),
    };
    return {
      name: basename(directory),
      architecture,
      tokenizer: readHuggingFaceTokenizer(sources, config, architecture.vocabulary),
      weights: huggingFaceWeights(tensors, architecture),
      close: () => tensors.close(),
    };
  } catch (error) {
    await tensors.close();
    throw error;
  }
}

async function readJson(directory: string, name: string, { optional = false } = {}): Promise<unknown> {
  const text = await readText(join(directory, name));
  if (text === undefined && optional) return undefined;
  if (text === undefined) {
    throw new BlockragError('model_corrupt', `${directory} has no ${name}: it is no model's directory.`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BlockragError('model_corrupt', `${name} of ${basename(directory)} is no JSON.`, { cause });
  }
}

function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}
