import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { isBlockragError } from '../../../../shared/errors.ts';
import {
  parseHuggingFaceReference,
  resolveUrl,
} from '../../../../shared/model/sources/huggingface-reference.ts';

afterEach(() => vi.unstubAllEnvs());

describe('a Hugging Face reference', () => {
  test('names a repository, a file, and optionally a revision and a SHA-256', () => {
    const hex = 'AB'.repeat(32);
    expect(parseHuggingFaceReference(`hf:o/r/sub/m.Q4_0.gguf@refs/pr/1#sha256=${hex}`)).toEqual({
      repository: 'o/r',
      file: 'sub/m.Q4_0.gguf',
      revision: 'refs/pr/1',
      sha256: hex.toLowerCase(),
    });
    expect(parseHuggingFaceReference('hf:o/r/m.gguf')).toMatchObject({ revision: 'main', sha256: undefined });
  });

  test('is found at huggingface.co, or at the endpoint given', () => {
    const reference = parseHuggingFaceReference('hf:o/r/m.gguf@refs/pr/1');
    expect(resolveUrl(reference, undefined).href).toBe(
      'https://huggingface.co/o/r/resolve/refs%2Fpr%2F1/m.gguf',
    );
    const mirror = 'http://127.0.0.1:1/mirror/';
    expect(resolveUrl(reference, mirror).href).toBe(
      'http://127.0.0.1:1/mirror/o/r/resolve/refs%2Fpr%2F1/m.gguf',
    );
    expect(() => resolveUrl(reference, 'file:///etc')).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    );
  });

  test.each([
    'hf:',
    'hf:m.gguf',
    'hf:o/m.gguf',
    'hf:o/r/m.bin',
    'hf:../r/m.gguf',
    'hf:o/../m.gguf',
    'hf:o/r/../../m.gguf',
    'hf:o/r/..gguf',
    'hf:o/r//m.gguf',
    'hf:o/r/a\\..\\m.gguf',
    'hf:o/r/%2e%2e/m.gguf',
    'hf:o/r/m.gguf?x',
    'hf:o/r/m.gguf@..',
    'hf:o/r/m.gguf@',
    'hf:o/r/m.gguf#sha256=12',
    'hf:o/r/m.gguf#md5=12',
    'hf:o/r/m.gguf\n',
  ])('%j is refused', (reference) => {
    expect(() => parseHuggingFaceReference(reference)).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    );
  });

  test('of any text is refused or stays inside its repository', () => {
    const piece = fc.oneof(
      fc.constantFrom('..', '.', '/', '@', '#', '%2e', 'a', '.gguf', '\\', '?'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = `hf:o/r/${pieces.join('')}.gguf`;
        try {
          const reference = parseHuggingFaceReference(text);
          const { pathname } = resolveUrl(reference, undefined);
          const revision = encodeURIComponent(reference.revision);
          expect(pathname).toBe(`/${reference.repository}/resolve/${revision}/${reference.file}`);
        } catch (error) {
          expect(isBlockragError(error, 'invalid_option')).toBe(true);
        }
      }),
    );
  });
});
