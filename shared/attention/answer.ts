/** Answers: lays out the stored keys and values of the blocks as the context, computes the final block, decodes. */

import type { BoundedMap } from '../bounded.ts';
import { isBlockragError } from '../errors.ts';
import { decodeBlob, type KvBlob } from '../kv/blob.ts';
import { ContextKv } from '../kv/context.ts';
import type { KvDtype } from '../kv/dtypes.ts';
import { concatTokens } from '../model/tokens.ts';
import { type Decoder, FOR_CONTEXT } from './decoder.ts';
import { encodeToBlob } from './encode-to-blob.ts';
import { attentionByBlock } from './grounding.ts';
import type { AttentionMode } from './modes.ts';
import type { RecentKeys } from './recent-keys.ts';
import { Sampler, type Sampling } from './sampling.ts';
import type { Steps } from './steps.ts';

/** A KV blob as bytes, or undefined where the store has none. */
export type StoredObject = Uint8Array<ArrayBuffer> | undefined;

/** A block of the prompt and its KV blob, which may still be on its way: blocks are laid as they come, in order. */
export interface PromptBlock {
  tokens: Uint32Array;
  /** Content address of its blob (kv/key.ts). */
  key: string;
  object: StoredObject | Promise<StoredObject>;
  /** The blob, verified earlier and kept in memory: then no object is waited for. */
  hot?: KvBlob | undefined;
}

export interface AnswerRequest {
  attention: AttentionMode;
  /** Preface first, then the passages in the order of the prompt; attention `full` reads tokens only. */
  blocks: PromptBlock[];
  /** Question and assistant header. */
  finalBlock: Uint32Array;
  dtype: KvDtype;
  sampling: Sampling;
  maxTokens: number;
  /** Token ids that end the answer, not part of it. */
  end: number[];
  /** Whether the result holds the logits of the first token. */
  firstLogits?: boolean;
}

/** What happens on the way. */
export type AnswerEvent =
  /** A block that the store lacked, or had damaged, as a blob to be stored. */
  | { kind: 'encoded'; index: number; object: Uint8Array<ArrayBuffer>; damaged: string | undefined }
  /** The prompt is attended to: its figures, once, before the first token. */
  | ({ kind: 'attended' } & PromptFigures)
  /** attention: what the prediction of this token gave to each block (grounding.ts). */
  | { kind: 'token'; id: number; attention: number[] };

/** Tokens of a prompt by where they came from, and the milliseconds of work (turns of other jobs left out). */
export interface PromptFigures {
  /** Laid from stored blobs. */
  reusedTokens: number;
  /** Which of the blocks were laid from blobs kept in memory, and the bytes of those. */
  hot: { blocks: number[]; bytes: number };
  /** Of blocks computed because no usable blob was there. */
  encodedTokens: number;
  /** Of the final block. */
  finalTokens: number;
  timings: { encode: number; reencode: number; attend: number };
}

export interface AnswerResult {
  finish: 'end' | 'length';
  completionTokens: number;
  /** Milliseconds of decoding after the first token. */
  decodeMs: number;
  /** [vocabulary], where asked for. */
  firstLogits: Float32Array | undefined;
}

/** What an answer works with. */
export interface AnswerState {
  decoder: Decoder;
  /** This answer's own, as long as it runs. */
  context: ContextKv;
  /** Of blobs whose SHA-256 this instance has verified: their next reads check the CRC-32 only. */
  verified: RecentKeys;
  /** Objects whose CRC-32 the thread that read them has compared. */
  intact?: WeakSet<Uint8Array>;
  /** Keeps the blobs that were laid. */
  hot?: BoundedMap<string, KvBlob>;
  /** Provenance of blobs that are used, this decoder's own included; undefined: any. */
  accepted?: readonly string[] | undefined;
}

/** Tokens that an answer's context must have room for. */
export function contextTokens({ blocks, finalBlock, maxTokens }: AnswerRequest): number {
  return blocks.reduce((sum, block) => sum + block.tokens.length, finalBlock.length + maxTokens);
}

/** Computes an answer in steps: a block encoded, a chunk attended, a token decoded. */
export async function* answer(
  state: AnswerState,
  request: AnswerRequest,
  emit: (event: AnswerEvent) => void,
): Steps<AnswerResult> {
  const { decoder, context } = state;
  const timings = { encode: 0, reencode: 0, attend: 0 };
  const contextLength = request.blocks.reduce((sum, block) => sum + block.tokens.length, 0);
  context.reset(contextTokens(request));
  let reusedTokens = 0;
  let prompt = request.finalBlock;
  if (request.attention === 'full') {
    prompt = concatTokens([...request.blocks.map((block) => block.tokens), request.finalBlock]);
  } else {
    reusedTokens = yield* layBlocks(state, request, timings, emit);
  }
  let started = performance.now();
  const steps = decoder.extend(context, prompt);
  let step = await steps.next();
  while (!step.done) {
    timings.attend += performance.now() - started;
    yield;
    started = performance.now();
    step = await steps.next();
  }
  timings.attend += performance.now() - started;
  const finalTokens = request.finalBlock.length;
  const encodedTokens = contextLength - reusedTokens;
  const hot = fromMemory(request.blocks);
  emit({ kind: 'attended', reusedTokens, hot, encodedTokens, finalTokens, timings });

  let { logits, attention } = step.value;
  const firstLogits = request.firstLogits === true ? logits : undefined;
  const lengths = request.blocks.map((block) => block.tokens.length);
  const sampler = new Sampler(request.sampling);
  const end = new Set(request.end);
  let finish: AnswerResult['finish'] = 'length';
  let completionTokens = 0;
  let decodeMs = 0;
  while (completionTokens < request.maxTokens) {
    const id = sampler.next(logits);
    if (end.has(id)) {
      finish = 'end';
      break;
    }
    completionTokens++;
    emit({ kind: 'token', id, attention: attentionByBlock(attention, lengths) });
    if (completionTokens === request.maxTokens) break;
    yield;
    started = performance.now();
    const tokens = Uint32Array.of(id);
    const output = await decoder.run({ tokens, start: context.length, context }, FOR_CONTEXT);
    context.append(1, output.new_key, output.new_value);
    ({ logits, attention } = output);
    decodeMs += performance.now() - started;
  }
  return { finish, completionTokens, decodeMs, firstLogits };
}

/** Lays every block, encoding those without a usable blob; returns the tokens that were reused. */
async function* layBlocks(
  { decoder, context, verified, intact, hot, accepted }: AnswerState,
  request: AnswerRequest,
  timings: PromptFigures['timings'],
  emit: (event: AnswerEvent) => void,
): Steps<number> {
  const { shape, rope, model } = decoder;
  let preface: ContextKv | undefined;
  let reused = 0;
  for (const [index, block] of request.blocks.entries()) {
    if (block.tokens.length === 0) continue;
    const read = (object: Uint8Array) =>
      decodeBlob(object, {
        key: block.key,
        dtype: request.dtype,
        tokens: block.tokens.length,
        shape,
        verify: !verified.has(block.key) ? 'sha256' : intact?.has(object) ? 'none' : 'crc32',
        provenance: accepted,
      });
    let blob = block.hot;
    let encoded: Uint8Array<ArrayBuffer> | undefined;
    let damaged: string | undefined;
    // In an object: a generator would wait for a promise that it yields.
    if (blob === undefined && block.object instanceof Promise) yield { until: block.object };
    const object = blob === undefined ? await block.object : undefined;
    let started = performance.now();
    if (object !== undefined) {
      try {
        blob = read(object);
        verified.set(block.key, true);
        hot?.set(block.key, blob);
      } catch (error) {
        if (!isBlockragError(error, 'blob_invalid')) throw error;
        damaged = error.message;
      }
    }
    if (blob !== undefined) reused += block.tokens.length;
    else {
      const anchor = preface && { preface, start: context.length };
      encoded = yield* encodeToBlob(decoder, block, request.dtype, anchor);
      timings.encode += performance.now() - started;
      started = performance.now();
      blob = read(encoded);
    }
    context.lay(blob, rope, model.keyBias);
    if (request.attention === 'anchor' && index === 0) preface = layAlone(decoder, blob);
    timings.reencode += performance.now() - started;
    // Last, since the object's buffer moves to the receiver.
    if (encoded !== undefined) emit({ kind: 'encoded', index, object: encoded, damaged });
  }
  return reused;
}

/** Which blocks come from memory, and the bytes of those. */
function fromMemory(blocks: readonly PromptBlock[]): PromptFigures['hot'] {
  const hot: PromptFigures['hot'] = { blocks: [], bytes: 0 };
  for (const [index, block] of blocks.entries()) {
    if (block.hot === undefined) continue;
    hot.blocks.push(index);
    hot.bytes += block.hot.bytes;
  }
  return hot;
}

/** A context of one block at position 0: what passages see while they are encoded under anchor attention. */
function layAlone(decoder: Decoder, blob: KvBlob): ContextKv {
  const context = new ContextKv(decoder.shape);
  context.reset(blob.tokens);
  context.lay(blob, decoder.rope, decoder.model.keyBias);
  return context;
}
