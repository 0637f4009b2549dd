import { describe, expect, test } from 'vitest';
import { KNOWN_MODELS } from '../../../../shared/model/sources/index.ts';
import { modelAliases, modelId, sourceModelId } from '../../../../shared/model/sources/model-id.ts';

const SMOLLM2 = 'smollm2-135m-instruct';

describe("a model's id", () => {
  test.each([
    ['a known name as it is', SMOLLM2, SMOLLM2],
    ["a path's file name without .gguf", '/models/Tiny-Q8.gguf', 'Tiny-Q8'],
    ['the same whatever the case of the ending', 'models/Tiny-Q8.GGUF', 'Tiny-Q8'],
    ['a file without the ending by its whole name', './models/tiny', 'tiny'],
    ['a file of Windows', 'C:\\models\\Tiny-Q8.gguf', 'Tiny-Q8'],
    ["a repository's file by the file, not the repository", 'hf:o/Tiny-GGUF/q/Tiny-Q8.gguf', 'Tiny-Q8'],
    ['a revision left out', 'hf:o/Tiny-GGUF/Tiny-Q8.gguf@refs/pr/1', 'Tiny-Q8'],
    ['a checksum left out', `hf:o/Tiny-GGUF/Tiny-Q8.gguf@main#sha256=${'0'.repeat(64)}`, 'Tiny-Q8'],
    ['the name of a directory', './models/Tiny-1B/', 'Tiny-1B'],
    ['the name of a repository', 'hf:o/Tiny-1B', 'Tiny-1B'],
    ['the same at any revision', 'hf:o/Tiny-1B@refs/pr/1', 'Tiny-1B'],
    ['no blanks', '/models/my tiny\tmodel.gguf', 'my-tiny-model'],
    ['an @ kept', '/models/tiny@home.gguf', 'tiny@home'],
    ['no step of a path', '/models/..gguf', 'model'],
    ['no empty name', '/models/.gguf', 'model'],
  ])('is %s', (_what, reference, id) => {
    expect(modelId(reference)).toBe(id);
  });

  test('is read off a compiled model: the known name by the checksum, else its file', () => {
    const { sha256 } = KNOWN_MODELS[SMOLLM2]!;
    expect(sourceModelId({ file: 'SmolLM2-135M-Instruct.Q4_1.gguf', sha256 })).toBe(SMOLLM2);
    expect(sourceModelId({ file: 'Tiny-Q8.gguf', sha256: '0'.repeat(64) })).toBe('Tiny-Q8');
  });

  test('has aliases: what it was called before, and the repository that it came from', () => {
    const name = 'Smollm2 135M 8k Lc100K Mix1 Ep2';
    expect(modelAliases(SMOLLM2, name)).toEqual(['smollm2-135m-8k-lc100k-mix1-ep2']);
    expect(modelAliases('hf:o/Tiny-GGUF/Tiny-Q8.gguf', 'Tiny')).toEqual(['tiny', 'Tiny-GGUF']);
    expect(modelAliases('/models/x.gguf', '')).toEqual([]);
  });
});
