/** Drafted tokens change how fast an answer comes, and nothing else. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Decoder } from '../../../shared/attention/decoder.ts';
import { type Drafter, PromptLookup } from '../../../shared/attention/drafts.ts';
import { ask, type Question, type Store } from '../../support/asking.ts';
import { TINY_MODELS } from '../../support/fixtures.ts';
import { tinyModel } from '../../support/models.ts';

const ids = (length: number, seed: number) =>
  Uint32Array.from({ length }, (_, i) => Math.floor(Math.abs(Math.sin(i * 78.233 + seed)) * 128));
const question = (change: Partial<Question> = {}): Question => ({
  blocks: [ids(7, 1), ids(31, 2), ids(12, 3), ids(9, 5)],
  attention: 'block',
  dtype: 'fp32',
  maxTokens: 24,
  ...change,
});

/** Drafts what is coming, with each token wrong where a random number says so. */
class RandomDrafts implements Drafter {
  #coming: readonly number[];
  #random: () => number;
  #said = 0;
  /** Lengths of the drafts, and how many tokens of each were right. */
  checks: [number, number][] = [];

  constructor(coming: readonly number[], random: () => number) {
    this.#coming = coming;
    this.#random = random;
  }

  push(): void {
    this.#said++;
  }

  draft(room: number): Uint32Array {
    const length = Math.min(room, Math.floor(this.#random() * 9));
    return Uint32Array.from({ length }, (_, i) =>
      this.#random() < 0.2 ? Math.floor(this.#random() * 128) : (this.#coming[this.#said + i] ?? 0),
    );
  }

  checked(drafted: number, accepted: number): void {
    this.checks.push([drafted, accepted]);
  }
}

describe.each(TINY_MODELS)('%s', (name) => {
  let decoder: Decoder;
  beforeAll(async () => {
    decoder = await Decoder.open(await tinyModel(name));
  });
  afterAll(() => decoder.dispose());

  test('whatever is drafted, tokens and what they attend to are those of greedy decoding', async () => {
    const store: Store = new Map();
    const plain = await ask(decoder, question(), store);
    await fc.assert(
      fc.asyncProperty(
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        async (numbers) => {
          const drafts = new RandomDrafts(plain.tokens, () => numbers.next().value!);
          const drafted = await ask(decoder, question({ drafter: () => drafts }), store);
          expect(drafted.tokens).toEqual(plain.tokens);
          expect(drafted).toMatchObject({ finish: 'length', completionTokens: 24 });
          expect(drafted.drafted).toBe(drafts.checks.reduce((sum, [all]) => sum + all, 0));
          expect(drafted.accepted).toBe(drafts.checks.reduce((sum, [, right]) => sum + right, 0));
          for (const [i, shares] of drafted.attention.entries()) {
            for (const [block, share] of shares.entries()) {
              expect(share).toBeCloseTo(plain.attention[i]![block]!, 4);
            }
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  test('an answer ends at the same token, however much was drafted beyond it', async () => {
    const store: Store = new Map();
    const { tokens } = await ask(decoder, question(), store);
    const drafter = () => new RandomDrafts(tokens, () => 0.95);
    for (const at of [0, 1, 5, 12]) {
      const end = [tokens[at]!];
      const wanted = await ask(decoder, question({ end }), store);
      const drafted = await ask(decoder, question({ end, drafter }), store);
      expect(wanted.finish).toBe('end');
      expect(drafted).toMatchObject({ finish: 'end', tokens: wanted.tokens });
    }
    for (const maxTokens of [0, 1, 2, 3, 10]) {
      const drafted = await ask(decoder, question({ maxTokens, drafter }), store);
      expect(drafted).toMatchObject({ finish: 'length', completionTokens: maxTokens });
      expect(drafted.tokens).toEqual(tokens.slice(0, maxTokens));
    }
  });
});

test('prompt lookup finds what stands in the prompt', async () => {
  const decoder = await Decoder.open(await tinyModel('qwen2'));
  try {
    const store: Store = new Map();
    const long = { maxTokens: 120 };
    const plain = await ask(decoder, question(long), store);
    // The answer of random weights is in no passage: it is put there.
    const drafter = (prompt: readonly Uint32Array[], room: number) =>
      new PromptLookup([Uint32Array.from(plain.tokens), ...prompt], room);
    const drafted = await ask(decoder, question({ ...long, drafter }), store);
    expect(drafted.tokens).toEqual(plain.tokens);
    expect(plain).toMatchObject({ drafted: 0, accepted: 0 });
    expect(drafted.accepted).toBeGreaterThan(60);
    expect(drafted.accepted).toBeLessThanOrEqual(drafted.drafted);
  } finally {
    await decoder.dispose();
  }
});
