/** The engine as the program has it: a thread, blobs that come and go, damage, cancellation. */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  AnswerEvent,
  AnswerRequest,
  PromptFigures,
  StoredObject,
} from '../../../shared/attention/answer.ts';
import { Engine } from '../../../shared/attention/engine.ts';
import { GREEDY } from '../../../shared/attention/sampling.ts';
import { BlockragError } from '../../../shared/errors.ts';
import { decodeBlob } from '../../../shared/kv/blob.ts';
import type { KvDtype } from '../../../shared/kv/dtypes.ts';
import type { CompiledModel } from '../../../shared/model/compiled.ts';
import { promptBlocks, type Question, type Store } from '../../support/asking.ts';
import { tinyModel } from '../../support/models.ts';

const ids = (length: number, seed: number) =>
  Uint32Array.from({ length }, (_, i) => Math.floor(Math.abs(Math.sin(i * 78.233 + seed)) * 128));
const QUESTION: Question = {
  blocks: [ids(7, 1), ids(31, 2), ids(44, 4), ids(9, 5)],
  attention: 'block',
  dtype: 'int8',
  maxTokens: 8,
};
const ALL_TOKENS = 7 + 31 + 44;

let model: CompiledModel;
let engine: Engine;
beforeAll(async () => {
  model = await tinyModel('qwen2');
  engine = new Engine({ directory: model.directory, threads: 1, contextBytes: 8 << 20 });
  await engine.ready();
});
afterAll(() => engine.dispose());

function request(store: Store, change: Partial<AnswerRequest> = {}): AnswerRequest {
  // Copies, as of a store that is read each time: the engine takes the objects' memory.
  const blocks = promptBlocks(model, QUESTION, store).map((block) => ({
    ...block,
    object: block.object?.slice(),
  }));
  return {
    attention: 'block',
    blocks,
    finalBlock: Uint32Array.from(QUESTION.blocks.at(-1)!),
    dtype: 'int8',
    sampling: GREEDY,
    maxTokens: QUESTION.maxTokens,
    end: [],
    firstLogits: true,
    ...change,
  };
}

async function encode(by: Engine, block: { tokens: Uint32Array; key: string }, dtype: KvDtype = 'int8') {
  const [object] = await by.encode({ blocks: [block], dtype });
  return object!;
}

/** Asks, and stores what was computed. */
async function ask(store: Store, change: Partial<AnswerRequest> = {}, by: Engine = engine) {
  const asked = request(store, change);
  const events: AnswerEvent[] = [];
  const result = await by.answer(asked, { onEvent: (event) => void events.push(event) });
  const damaged: (string | undefined)[] = [];
  const tokens: number[] = [];
  let figures: PromptFigures | undefined;
  for (const event of events) {
    if (event.kind === 'token') tokens.push(event.id);
    else if (event.kind === 'attended') figures = event;
    else if (event.kind === 'encoded') {
      damaged.push(event.damaged);
      store.set(asked.blocks[event.index]!.key, event.object);
    }
  }
  return { ...result, figures: figures!, events, tokens, damaged };
}

describe('engine', () => {
  test('computes what is missing, and reuses it all the second time', async () => {
    const store: Store = new Map();
    const first = await ask(store);
    expect(first.figures).toMatchObject({ reusedTokens: 0, encodedTokens: ALL_TOKENS, finalTokens: 9 });
    expect(first.damaged).toEqual([undefined, undefined, undefined]);
    expect(first.events.map(({ kind }) => kind)).toEqual([
      ...Array(3).fill('encoded'),
      'attended',
      ...Array(8).fill('token'),
    ]);
    const second = await ask(store);
    expect(second.figures).toMatchObject({ reusedTokens: ALL_TOKENS, encodedTokens: 0, finalTokens: 9 });
    expect(second.firstLogits).toEqual(first.firstLogits);
    expect(second.tokens).toEqual(first.tokens);
  });

  test('lays blobs as they come, in the order of the blocks, whatever order they come in', async () => {
    const store: Store = new Map();
    const sound = await ask(store);
    const { blocks } = request(store);
    const late = await ask(store, {
      blocks: blocks.map(({ object, ...block }, i) => ({
        ...block,
        object: sleep(30 * (blocks.length - i)).then(() => object as StoredObject),
      })),
    });
    expect(late.figures).toMatchObject({ reusedTokens: ALL_TOKENS });
    expect(late.firstLogits).toEqual(sound.firstLogits);
  });

  test('with memory for them, blobs that were laid are not read again, and the answer is the same', async () => {
    const keeping = new Engine({
      ...{ directory: model.directory, threads: 1, contextBytes: 8 << 20 },
      hotBytes: 1 << 20,
    });
    try {
      const store: Store = new Map();
      const sound = await ask(store);
      const reads: number[] = [];
      const askLazily = async (skip: number[] = []) => {
        const asked = request(store);
        const blocks = asked.blocks.map((block, i) => ({
          ...block,
          object: async () => {
            reads.push(i);
            return skip.includes(i) ? undefined : ((await block.object) as StoredObject);
          },
        }));
        const events: AnswerEvent[] = [];
        const result = await keeping.answer(
          { ...asked, blocks },
          { onEvent: (event) => void events.push(event) },
        );
        expect(result.firstLogits).toEqual(sound.firstLogits);
        return events.find((event) => event.kind === 'attended')!;
      };
      // What the store lacked was computed, and is no blob that was laid from it.
      expect(await askLazily([1])).toMatchObject({ hot: { blocks: [], bytes: 0 }, encodedTokens: 31 });
      expect(await askLazily()).toMatchObject({ hot: { blocks: [0, 2] }, reusedTokens: ALL_TOKENS });
      const bytes = [...store.values()].reduce((sum, object) => sum + object.length, 0);
      expect(await askLazily()).toMatchObject({ hot: { blocks: [0, 1, 2], bytes }, encodedTokens: 0 });
      expect(reads.sort()).toEqual([0, 1, 1, 2]);
    } finally {
      await keeping.dispose();
    }
  });

  test('another question is answered while one waits for its blobs', async () => {
    const store: Store = new Map();
    await ask(store);
    let arrive = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const { blocks } = request(store);
    const waiting = ask(store, {
      blocks: blocks.map((block) => ({ ...block, object: arrival.then(() => block.object) })),
    });
    expect((await ask(store)).completionTokens).toBe(8);
    arrive();
    expect((await waiting).figures).toMatchObject({ encodedTokens: 0 });
  });

  test('a blob that cannot be read fails the answer with its error, and the next one is answered', async () => {
    const store: Store = new Map();
    const { blocks } = request(store);
    const failure = sleep(20).then(() => {
      throw new BlockragError('storage_failed', 'The disk is gone.');
    });
    blocks[1] = { ...blocks[1]!, object: failure };
    await expect(ask(store, { blocks })).rejects.toMatchObject({ code: 'storage_failed' });
    expect((await ask(store)).completionTokens).toBe(8);
  });

  test('a blob encoded ahead is the one that an answer would compute', async () => {
    const store: Store = new Map();
    await ask(store);
    for (const block of promptBlocks(model, QUESTION, new Map())) {
      expect(await encode(engine, block)).toEqual(store.get(block.key));
    }
  });

  test('blocks that share a run have the blobs that each would have alone, but for rounding', async () => {
    const blocks = Array.from({ length: 12 }, (_, i) => ({ tokens: ids(1 + 9 * i, i), key: `block-${i}` }));
    const together = await engine.encode({ blocks, dtype: 'fp32' });
    expect(together).toHaveLength(blocks.length);
    const { layers, kvHeads, headDim } = model.manifest.architecture;
    const shape = { layers, kvHeads, headDim };
    for (const [i, { tokens, key }] of blocks.entries()) {
      const read = (object: Uint8Array) =>
        decodeBlob(object, { key, dtype: 'fp32', tokens: tokens.length, shape, verify: 'sha256' });
      const shared = read(together[i]!);
      const alone = read(await encode(engine, blocks[i]!, 'fp32'));
      for (const side of ['keys', 'values'] as const) {
        for (const [layer, rows] of shared[side].entries()) {
          const differences = Array.from(rows, (value, at) => Math.abs(value - alone[side][layer]![at]!));
          expect(Math.max(...differences)).toBeLessThan(1e-4);
        }
      }
    }
  });

  describe('computes a blob anew, and answers the same, when it', () => {
    const passage = () => promptBlocks(model, QUESTION, new Map())[1]!;
    test.each<
      [
        string,
        (object: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>,
      ]
    >([
      [
        'has a flipped byte',
        (object) => {
          object[object.length - 5]! ^= 4;
          return object;
        },
      ],
      ['is truncated', (object) => object.slice(0, object.length - 100)],
      ['is empty', () => new Uint8Array()],
      [
        'is of another model',
        async () => {
          const other = await tinyModel('qwen3');
          const stranger = new Engine({ directory: other.directory, threads: 1, contextBytes: 1 << 20 });
          try {
            return await encode(stranger, passage());
          } finally {
            await stranger.dispose();
          }
        },
      ],
      ['has another dtype', () => encode(engine, passage(), 'fp16')],
      ['is of another passage', () => encode(engine, { tokens: ids(31, 77), key: 'other' })],
    ])('%s', async (_, damage) => {
      const store: Store = new Map();
      const sound = await ask(store);
      const { key } = passage();
      const whole = store.get(key)!;
      store.set(key, await damage(whole.slice()));
      const asked = await ask(store);
      expect(asked.damaged).toEqual([expect.stringContaining(`The KV blob`)]);
      expect(asked.figures).toMatchObject({ encodedTokens: 31, reusedTokens: ALL_TOKENS - 31 });
      expect(asked.firstLogits).toEqual(sound.firstLogits);
      expect(asked.tokens).toEqual(sound.tokens);
      expect(store.get(key)).toEqual(whole);
    });
  });

  test('with a list of accepted provenance, blobs of others are computed anew and its own serve', async () => {
    const { directory } = await tinyModel('qwen2', 'q8');
    const choosy = new Engine({
      directory,
      threads: 1,
      contextBytes: 8 << 20,
      acceptedProvenance: ['fp16/cuda'],
    });
    try {
      const store: Store = new Map();
      await ask(store);
      const first = await ask(store, {}, choosy);
      expect(first.figures).toMatchObject({ encodedTokens: ALL_TOKENS });
      expect(first.damaged).toEqual(
        Array(3).fill(expect.stringContaining('computed by fp32/cpu, which is not')),
      );
      expect((await ask(store, {}, choosy)).figures).toMatchObject({ encodedTokens: 0 });
      // Who asks for no provenance takes any.
      expect((await ask(store)).figures).toMatchObject({ encodedTokens: 0 });
    } finally {
      await choosy.dispose();
    }
  });

  test('stops at an end token and leaves it out', async () => {
    const store: Store = new Map();
    const { tokens } = await ask(store);
    const stop = tokens.findIndex((id, i) => i > 0 && tokens.indexOf(id) === i);
    const stopped = await ask(store, { end: [tokens[stop]!] });
    expect(stopped).toMatchObject({ finish: 'end', completionTokens: stop });
    expect(stopped.tokens).toEqual(tokens.slice(0, stop));
    expect(await ask(store)).toMatchObject({ finish: 'length', completionTokens: 8 });
  });

  test('a question cancelled while it decodes ends, and the next one is answered', async () => {
    const store: Store = new Map();
    const { tokens } = await ask(store);
    const controller = new AbortController();
    let seen = 0;
    const long = engine.answer(request(store, { maxTokens: 4000 }), {
      signal: controller.signal,
      onEvent: ({ kind }) => {
        if (kind === 'token' && ++seen === 3) controller.abort();
      },
    });
    await expect(long).rejects.toMatchObject({ code: 'cancelled' });
    expect(seen).toBeLessThan(4000);
    expect((await ask(store)).tokens).toEqual(tokens);
  });

  test('a cancelled encode rejects too', async () => {
    const controller = new AbortController();
    const encoding = engine.encode(
      { blocks: [{ tokens: ids(30_000, 3), key: 'k' }], dtype: 'int8' },
      controller.signal,
    );
    controller.abort();
    await expect(encoding).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('questions at once get the answers that they get alone', async () => {
    const store: Store = new Map();
    const alone = await ask(store);
    const together = await Promise.all([
      ask(store),
      ask(store),
      ask(store, { attention: 'full' }),
      ask(store),
    ]);
    for (const i of [0, 1, 3]) expect(together[i]!.tokens).toEqual(alone.tokens);
    expect(together[2]!.figures.reusedTokens).toBe(0);
  });

  test('drafts change no answer: alone, with others at once, and after one that was cancelled', async () => {
    const drafting = new Engine({
      ...{ directory: model.directory, threads: 1, contextBytes: 8 << 20 },
      speculation: true,
    });
    try {
      const store: Store = new Map();
      // Few different tokens: any two stood beside each other before.
      const finalBlock = ids(60, 8).map((id) => id % 3);
      const change = { finalBlock, maxTokens: 40 };
      const drafted = (asked: { events: AnswerEvent[] }) =>
        asked.events.some(({ kind }) => kind === 'drafted');
      const lookedUp = {
        ...change,
        finalBlock: Uint32Array.of(...(await ask(store, change)).tokens, ...finalBlock),
      };
      for (const asking of [change, lookedUp]) {
        const plain = await ask(store, asking);
        const alone = await ask(store, asking, drafting);
        expect(drafted(plain)).toBe(false);
        expect(alone.tokens).toEqual(plain.tokens);
        const together = await Promise.all([1, 2, 3].map(() => ask(store, asking, drafting)));
        for (const { tokens } of together) expect(tokens).toEqual(plain.tokens);
      }
      const repeating = { ...change, finalBlock: Uint32Array.from({ length: 60 }, (_, i) => 5 + (i % 3)) };
      expect(drafted(await ask(store, { ...repeating, maxTokens: 200 }, drafting))).toBe(true);
      // What is drawn at random is not drafted.
      const sampling = { ...GREEDY, temperature: 0.01, seed: 1 };
      expect(drafted(await ask(store, { ...repeating, maxTokens: 200, sampling }, drafting))).toBe(false);
      const controller = new AbortController();
      const long = drafting.answer(request(store, { ...repeating, maxTokens: 4000 }), {
        signal: controller.signal,
        onEvent: ({ kind }) => void (kind === 'drafted' && controller.abort()),
      });
      await expect(long).rejects.toMatchObject({ code: 'cancelled' });
      expect((await ask(store, change, drafting)).tokens).toEqual((await ask(store, change)).tokens);
    } finally {
      await drafting.dispose();
    }
  });

  test('the same object in two blocks is fine', async () => {
    const store: Store = new Map();
    await ask(store);
    const blocks = request(store).blocks;
    const twice = [blocks[0]!, blocks[1]!, { ...blocks[1]! }];
    const result = await engine.answer(request(store, { blocks: twice }), { onEvent: () => {} });
    expect(result.completionTokens).toBe(8);
  });

  test('a prompt larger than the memory set aside is refused', async () => {
    const refused = ask(new Map(), { maxTokens: 10_000_000 });
    await expect(refused).rejects.toMatchObject({ code: 'prompt_too_long' });
  });

  test('a token that the model does not have is an error of that question alone', async () => {
    await expect(ask(new Map(), { finalBlock: Uint32Array.of(100_000) })).rejects.toMatchObject({
      code: 'internal',
    });
    expect((await ask(new Map())).completionTokens).toBe(8);
  });
});

describe('engine that cannot start', () => {
  test('says why at every call', async () => {
    const broken = new Engine({ directory: '/nowhere', threads: 1, contextBytes: 1 << 20 });
    await expect(broken.ready()).rejects.toThrow(/nowhere/);
    await expect(encode(broken, { tokens: ids(3, 1), key: 'k' })).rejects.toThrow(/nowhere/);
    await broken.dispose();
  });

  test('after its end refuses work', async () => {
    const closed = new Engine({ directory: model.directory, threads: 1, contextBytes: 1 << 20 });
    await closed.ready();
    await closed.dispose();
    await expect(closed.ready()).rejects.toMatchObject({ code: 'worker_died' });
    const unused = new Engine({ directory: model.directory, threads: 1, contextBytes: 1 << 20 });
    await unused.dispose();
    await expect(unused.ready()).rejects.toMatchObject({ code: 'worker_died' });
  });
});
