/** Recorded numbers of reference implementations. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AttentionMode } from '../../shared/attention/modes.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');

/** What a reference says of a prompt under one attention mode. */
export interface Expectation {
  top10: [id: number, logProbability: number][];
  greedy16: number[];
}

export interface ReferenceCase {
  /** Token ids: preface, passages, final block. */
  blocks: number[][];
  expect: Record<'full' | 'block' | 'anchored', Expectation>;
}

export interface Golden {
  tokenize: { text: string; content: number[]; template: number[] }[];
  cases: (ReferenceCase & { question: string })[];
  kv: {
    block: number[];
    /** Layer -> keys and values -> token -> the first 8 numbers of KV head 0. */
    layers: Record<string, Record<'k' | 'v', Record<string, number[]>>>;
  };
}

/** Models as transformers saves them (tests/fixtures/tiny-hf). */
export const TINY_DIRECTORIES = ['llama', 'qwen2', 'qwen3', 'gemma3'] as const;
export type TinyDirectory = (typeof TINY_DIRECTORIES)[number];

export const TINY_MODELS = ['llama', 'llama-linear', 'qwen2', 'qwen3', 'kquants', 'gemma3'] as const;
export type TinyModel = (typeof TINY_MODELS)[number];

export function golden(): Golden {
  return JSON.parse(readFileSync(join(FIXTURES, 'golden/smollm2-135m.json'), 'utf8')) as Golden;
}

export function tinyFile(name: TinyModel): string {
  return join(FIXTURES, 'tiny', `${name}.gguf`);
}

export function tinyCases(name: TinyModel): ReferenceCase[] {
  const text = readFileSync(join(FIXTURES, 'tiny/expected.json'), 'utf8');
  const { models } = JSON.parse(text) as { models: Record<TinyModel, { cases: ReferenceCase[] }> };
  return models[name].cases;
}

export function tinyDirectory(name: TinyDirectory): string {
  return join(FIXTURES, 'tiny-hf', name);
}

/** What transformers computes of it, and how it tokenises. */
export function tinyDirectoryNumbers(name: TinyDirectory) {
  const text = readFileSync(join(FIXTURES, 'tiny-hf/expected.json'), 'utf8');
  const models = JSON.parse(text) as Record<
    TinyDirectory,
    { cases: ReferenceCase[]; tokenize: { text: string; ids: number[] }[] }
  >;
  return models[name];
}

/** The references' name of a mode. */
export function expectation({ expect }: ReferenceCase, attention: AttentionMode): Expectation {
  return expect[attention === 'anchor' ? 'anchored' : attention];
}
