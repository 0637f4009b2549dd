/** Asking a decoder in this thread, the way the product does: stored blobs in, what was missing out. */

import {
  type AnswerResult,
  answer,
  type PromptBlock,
  type PromptFigures,
  type StoredObject,
} from '../../shared/attention/answer.ts';
import type { Decoder } from '../../shared/attention/decoder.ts';
import type { Drafter } from '../../shared/attention/drafts.ts';
import type { AttentionMode } from '../../shared/attention/modes.ts';
import { recentKeys } from '../../shared/attention/recent-keys.ts';
import { GREEDY, logSoftmax } from '../../shared/attention/sampling.ts';
import { ContextKv } from '../../shared/kv/context.ts';
import type { KvDtype } from '../../shared/kv/dtypes.ts';
import { blobKey } from '../../shared/kv/key.ts';
import type { CompiledModel } from '../../shared/model/compiled.ts';
import { drain } from '../../shared/turns/steps.ts';

/** Stored blobs by key. */
export type Store = Map<string, Uint8Array<ArrayBuffer>>;

export interface Question {
  /** Token ids: preface, passages, final block. */
  blocks: readonly ArrayLike<number>[];
  attention: AttentionMode;
  dtype: KvDtype;
  /** Tokens to answer with; 0: the first distribution only. */
  maxTokens: number;
  /** Ids that end the answer. */
  end?: number[];
  /** Drafts tokens. */
  drafter?: ((prompt: readonly Uint32Array[], room: number) => Drafter) | undefined;
}

export interface Asked extends AnswerResult, PromptFigures {
  tokens: number[];
  /** What each token gave to the blocks. */
  attention: number[][];
  /** Tokens drafted, and accepted of them. */
  drafted: number;
  accepted: number;
  /** Log-probabilities of the first token, [vocabulary]. */
  logProbabilities: Float32Array;
}

/** The blocks before the final one, with their keys and what the store has of them. */
export function promptBlocks(
  model: CompiledModel,
  { blocks, attention, dtype }: Question,
  store: Store,
): (PromptBlock & { object: StoredObject })[] {
  let start = 0;
  let preface = '';
  return blocks.slice(0, -1).map((ids, index) => {
    const tokens = Uint32Array.from(ids);
    const key = blobKey({
      weightsHash: model.manifest.weightsHash,
      tokenizerHash: '',
      ropeHash: model.manifest.ropeHash,
      anchor: attention === 'anchor' && index > 0 ? { preface, start } : undefined,
      dtype,
      tenant: 'test',
      tokens,
    });
    if (index === 0) preface = key;
    start += tokens.length;
    return { tokens, key, object: store.get(key) };
  });
}

/** Answers greedily; blocks that the store lacks are encoded and stored. */
export async function ask(decoder: Decoder, question: Question, store: Store): Promise<Asked> {
  const blocks = promptBlocks(decoder.model, question, store);
  const tokens: number[] = [];
  const attention: number[][] = [];
  let drafted = 0;
  let accepted = 0;
  const state = {
    decoder,
    context: new ContextKv(decoder.shape),
    verified: recentKeys(),
    drafter: question.drafter,
  };
  const request = {
    attention: question.attention,
    blocks,
    finalBlock: Uint32Array.from(question.blocks.at(-1)!),
    dtype: question.dtype,
    sampling: GREEDY,
    maxTokens: question.maxTokens,
    end: question.end ?? [],
    firstLogits: true,
  };
  let figures: PromptFigures | undefined;
  const result = await drain(
    answer(state, request, (event) => {
      if (event.kind === 'token') {
        tokens.push(event.id);
        attention.push(event.attention);
        accepted += Number(event.accepted);
      } else if (event.kind === 'drafted') drafted += event.tokens;
      else if (event.kind === 'encoded') store.set(blocks[event.index]!.key, event.object);
      else figures = event;
    }),
  );
  return {
    ...result,
    ...figures!,
    tokens,
    attention,
    drafted,
    accepted,
    logProbabilities: logSoftmax(result.firstLogits!),
  };
}
