import { describe, expect, it } from 'vitest';
import { passageText } from '../../../../shared/model/prompt.ts';
import { fingerprintOf } from '../../../../shared/pipeline/fingerprint.ts';
import { answers, readPassage } from '../../../../shared/pipeline/question/answering.ts';

const parts = {
  weightsHash: 'weights'.repeat(9),
  ropeHash: 'rope'.repeat(16),
  tokenizerHash: 'tokenizer'.repeat(7),
  kv: 'int8' as const,
  passageTokens: 256,
  embedder: undefined,
};
const opened = fingerprintOf(parts);
const otherModel = fingerprintOf({ ...parts, weightsHash: 'w'.repeat(64), kv: 'fp16', passageTokens: 64 });
const otherTokenizer = fingerprintOf({ ...parts, tokenizerHash: 't'.repeat(64) });
const otherEmbedder = fingerprintOf({ ...parts, embedder: 'e'.repeat(64) });

describe('a document', () => {
  it('answers whatever model made it, unless its vectors are of another embedding model', () => {
    for (const fingerprint of [opened, otherModel, otherTokenizer]) {
      expect(answers({ version: 'v', fingerprint }, opened)).toBe(true);
      expect(answers({ version: null, fingerprint }, opened)).toBe(false);
    }
    expect(answers({ version: 'v', fingerprint: otherEmbedder }, opened)).toBe(false);
    expect(answers({ version: 'v', fingerprint: otherEmbedder }, otherEmbedder)).toBe(true);
    expect(answers({ version: 'v', fingerprint: null }, opened)).toBe(false);
  });

  it('is read with the tokens of the opened model', () => {
    const tokenizer = { encode: (text: string) => Uint32Array.of(text.length) };
    const services = { tokenizer, fingerprint: opened } as unknown as Parameters<typeof readPassage>[0];
    const passage = {
      ...{ index: 0, title: 'Pier', text: 'The pier is closed.', page: null, blobKey: 'k' },
      tokens: Uint32Array.of(1, 2, 3),
    };
    const read = (fingerprint: string) => readPassage(services, { document: { fingerprint }, passage });
    expect(read(otherModel)).toBe(passage);
    const { tokens, ...rest } = read(otherTokenizer);
    expect([...tokens]).toEqual([passageText('Pier', 'The pier is closed.').length]);
    expect(rest).toMatchObject({ title: 'Pier', text: 'The pier is closed.' });
  });
});
