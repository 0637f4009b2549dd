/** Exactness of block attention on tiny models: what the blobs hold, and what an answer is equal to. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHUNK, Decoder } from '../../../shared/attention/decoder.ts';
import { encodeBlock } from '../../../shared/attention/encode.ts';
import { promptMask } from '../../../shared/attention/masks.ts';
import { logSoftmax } from '../../../shared/attention/sampling.ts';
import { ContextKv } from '../../../shared/kv/context.ts';
import { drain } from '../../../shared/turns/steps.ts';
import { ask, type Question, type Store } from '../../support/asking.ts';
import { TINY_MODELS } from '../../support/fixtures.ts';
import { tinyModel } from '../../support/models.ts';

/** Arbitrary token ids of the tiny vocabularies. */
const ids = (length: number, seed: number) =>
  Uint32Array.from({ length }, (_, i) => Math.floor(Math.abs(Math.sin(i * 78.233 + seed)) * 128));
const PREFACE = ids(7, 1);
const PASSAGES = [ids(31, 2), ids(12, 3), ids(44, 4)];
const FINAL = ids(9, 5);
const question = (passages: Uint32Array[], change: Partial<Question> = {}): Question => ({
  blocks: [PREFACE, ...passages, FINAL],
  attention: 'block',
  dtype: 'fp32',
  maxTokens: 0,
  ...change,
});
const ORDERS = [
  [0, 1, 2],
  [2, 0, 1],
  [1, 2, 0],
].map((order) => order.map((i) => PASSAGES[i]!));

function closeTo(rows: Float32Array, wanted: Float32Array, tolerance = 1e-3): void {
  expect(rows).toHaveLength(wanted.length);
  const largest = rows.reduce((worst, x, i) => Math.max(worst, Math.abs(x - wanted[i]!)), 0);
  expect(largest).toBeLessThan(tolerance);
}

/** Log-probabilities of the first token after one pass over the whole prompt with the mode's mask. */
async function onePass(decoder: Decoder, { blocks, attention }: Question): Promise<Float32Array> {
  const tokens = Uint32Array.from(blocks.flatMap((block) => Array.from(block)));
  const mask = promptMask(
    blocks.map((block) => block.length),
    attention,
  );
  return logSoftmax((await decoder.run({ tokens, start: 0, mask }, [])).logits);
}

describe.each(TINY_MODELS)('%s', (name) => {
  let decoder: Decoder;
  beforeAll(async () => {
    decoder = await Decoder.open(await tinyModel(name));
  });
  afterAll(() => decoder.dispose());

  test('in any order of the passages the blobs stay the same and the answer is that of one pass', async () => {
    const store: Store = new Map();
    for (const [round, passages] of ORDERS.entries()) {
      const fresh: Store = new Map();
      const computed = await ask(decoder, question(passages), fresh);
      closeTo(computed.logProbabilities, await onePass(decoder, question(passages)));
      // From blobs that another order left behind: the same.
      const reused = await ask(decoder, question(passages), store);
      expect(reused.encodedTokens > 0).toBe(round === 0);
      expect(reused.logProbabilities).toEqual(computed.logProbabilities);
      expect(new Map([...fresh].sort())).toEqual(new Map([...store].sort()));
    }
  });

  test('other neighbours leave a blob as it is', async () => {
    const alone: Store = new Map();
    const among: Store = new Map();
    await ask(decoder, question([PASSAGES[1]!]), alone);
    await ask(decoder, question(PASSAGES), among);
    for (const [key, object] of alone) expect(among.get(key)).toEqual(object);
  });

  test.each(['full', 'block', 'anchor'] as const)(
    'decoding goes on as if in one pass, %s',
    async (attention) => {
      const asked = await ask(decoder, question(PASSAGES, { attention, maxTokens: 6 }), new Map());
      const final = [...FINAL];
      for (const token of asked.tokens) {
        const blocks = [PREFACE, ...PASSAGES, Uint32Array.from(final)];
        const scores = await onePass(decoder, question(PASSAGES, { attention, blocks }));
        expect(scores[token]).toBeGreaterThan(Math.max(...scores) - 1e-3);
        final.push(token);
      }
    },
  );

  test.each(['block', 'anchor'] as const)(
    'a passage and a question longer than a chunk are those of one pass, %s',
    async (attention) => {
      const blocks = [PREFACE, ids(CHUNK + 150, 6), ids(20, 7), ids(CHUNK + 1, 8)];
      const long = question([], { attention, blocks });
      const asked = await ask(decoder, long, new Map());
      closeTo(asked.logProbabilities, await onePass(decoder, long));
    },
  );

  test('keys and values of a block encoded in chunks are those of one pass', async () => {
    const tokens = ids(2 * CHUNK + 3, 9);
    const chunked = await drain(encodeBlock(decoder, tokens));
    const whole = await decoder.run({ tokens, start: 0 }, ['key', 'value']);
    for (let layer = 0; layer < decoder.shape.layers; layer++) {
      closeTo(chunked.keys[layer]!, whole.key[layer]!, 2e-3);
      closeTo(chunked.values[layer]!, whole.value[layer]!, 2e-3);
    }
  });

  test('a block is encoded with a pause between chunks, for others to take their turn', async () => {
    const steps = encodeBlock(decoder, ids(2 * CHUNK + 3, 9));
    expect((await steps.next()).done).toBe(false);
    expect((await steps.next()).done).toBe(false);
    expect((await steps.next()).done).toBe(true);
  });
});

describe('an answer', () => {
  let decoder: Decoder;
  beforeAll(async () => {
    decoder = await Decoder.open(await tinyModel('qwen3'));
  });
  afterAll(() => decoder.dispose());

  test('without passages, or with an empty preface, is that of one pass', async () => {
    for (const blocks of [[PREFACE, FINAL], [new Uint32Array(), PASSAGES[0]!, FINAL], [FINAL]]) {
      const short = question([], { blocks });
      closeTo((await ask(decoder, short, new Map())).logProbabilities, await onePass(decoder, short));
    }
  });

  test('an empty run is refused, since it would end the process', async () => {
    await expect(decoder.run({ tokens: new Uint32Array(), start: 0 }, ['key'])).rejects.toThrow(RangeError);
    await expect(drain(encodeBlock(decoder, new Uint32Array()))).rejects.toThrow(RangeError);
  });

  test('with the same passage twice encodes it once', async () => {
    const twice = question([PASSAGES[0]!, PASSAGES[0]!]);
    const store: Store = new Map();
    const asked = await ask(decoder, twice, store);
    expect(store.size).toBe(2);
    closeTo(asked.logProbabilities, await onePass(decoder, twice));
  });

  test('under anchor attention a passage has another blob at every position', async () => {
    const store: Store = new Map();
    const anchored = (passages: Uint32Array[]) => question(passages, { attention: 'anchor' });
    await ask(decoder, anchored([PASSAGES[0]!, PASSAGES[1]!]), store);
    expect(store.size).toBe(3);
    const moved = await ask(decoder, anchored([PASSAGES[1]!, PASSAGES[0]!]), store);
    expect(moved).toMatchObject({ reusedTokens: PREFACE.length });
    expect(store.size).toBe(5);
    closeTo(moved.logProbabilities, await onePass(decoder, anchored([PASSAGES[1]!, PASSAGES[0]!])));
  });

  test('leaves nothing of itself in a context that is used again', async () => {
    const context = new ContextKv(decoder.shape);
    context.reset(100);
    await drain(decoder.extend(context, ids(90, 11)));
    context.reset(40);
    const again = await drain(decoder.extend(context, FINAL));
    const fresh = new ContextKv(decoder.shape);
    fresh.reset(9);
    expect(again).toEqual(await drain(decoder.extend(fresh, FINAL)));
  });
});
