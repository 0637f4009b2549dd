import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import type { AnswerEvent } from '../../../../shared/attention/answer.ts';
import type { StoredBlock } from '../../../../shared/attention/protocol.ts';
import { type GenerateServices, generate } from '../../../../shared/pipeline/question/generate.ts';
import type { RetrievedPassage } from '../../../../shared/pipeline/question/retrieve.ts';
import { keyOf } from '../../../../shared/pipeline/stored-kv/location.ts';
import { storeKv } from '../../../../shared/pipeline/stored-kv/store-kv.ts';
import { type OpenedStores, openTestStores } from '../../../support/stores.ts';

let stores: OpenedStores | undefined;
afterEach(() => stores?.close());

const FIGURES = {
  ...{ reusedTokens: 3, encodedTokens: 1, finalTokens: 1, hot: { blocks: [], bytes: 0 } },
  timings: { encode: 0, reencode: 0, attend: 0 },
};

it('a block that this prompt needs makes no room for another block of it', async () => {
  stores = await openTestStores({ kvBytes: 1000 });
  const { services } = stores;
  const preface = Uint32Array.of(1, 2, 3);
  const keys = [preface, Uint32Array.of(4), Uint32Array.of(5)].map((tokens) => keyOf(services, 't', tokens));
  const user = { document: 'd', version: 'v' };
  for (const key of keys) {
    await storeKv(services, { tenant: 't', key, tokens: 1, object: new Uint8Array(300) }, user);
    // The next millisecond: uses are ordered by it.
    await sleep(2);
  }
  // Computes the passage, which the store lacks, and reads the preface, which was used before all else.
  const answer = async (
    { blocks }: { blocks: StoredBlock[] },
    { onEvent }: { onEvent: (event: AnswerEvent) => void },
  ) => {
    onEvent({ kind: 'encoded', index: 1, object: new Uint8Array(300), damaged: undefined });
    await vi.waitUntil(() => services.catalog.blobs.has(blocks[1]!.key));
    expect(await (blocks[0]!.object as () => Promise<unknown>)()).toHaveLength(300);
    onEvent({ kind: 'attended', ...FIGURES });
    return { finish: 'end', completionTokens: 0, decodeMs: 0, firstLogits: undefined };
  };
  const given = {
    ...services,
    template: { preface },
    tokenizer: { ...services.tokenizer, file: { end: [] } },
    answering: { run: (work: () => Promise<unknown>) => work() },
    passing: new Map(),
    tier: 'disk',
    engine: { ...services.engine, answer },
  } as unknown as GenerateServices;
  const passage = { passage: { tokens: Uint32Array.of(6) }, document: { id: 'd', version: 'v' } };
  await generate(
    given,
    { tenant: 't', maxTokens: 1, sampling: { temperature: 0 } as never, stop: [] },
    {
      ...{ attention: 'block', preface, finalBlock: Uint32Array.of(7) },
      passages: [passage as unknown as RetrievedPassage],
    },
    {},
  );
  const has = await services.catalog.blobs.hasMany([...keys, keyOf(services, 't', Uint32Array.of(6))]);
  expect(has).toEqual([true, false, true, true]);
});
