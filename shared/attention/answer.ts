/** Answers: lays out the stored keys and values of the blocks as the context, computes the final block, decodes. */

import type { BoundedMap } from '../bounded.ts';
import { isBlockragError } from '../errors.ts';
import { decodeBlob, type KvBlob } from '../kv/blob.ts';
import { ContextKv } from '../kv/context.ts';
import type { KvDtype } from '../kv/dtypes.ts';
import { concatTokens } from '../model/tokens.ts';
import type { Steps } from '../turns/steps.ts';
import { type Decoder, FOR_CONTEXT, type RunOutput } from './decoder.ts';
import type { Drafter } from './drafts.ts';
import { encodeToBlob } from './encode-to-blob.ts';
import { attentionByBlock } from './grounding.ts';
import type { AttentionMode } from './modes.ts';
import type { RecentKeys } from './recent-keys.ts';
import { Sampler, type Sampling } from './sampling.ts';

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
  /** Whose it is: tenants take turns (turns/scheduler.ts). */
  tenant?: string;
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
  /** Tokens were drafted, which the next run checks. */
  | { kind: 'drafted'; tokens: number }
  /**
   * attention: what the prediction of this token gave to each block (grounding.ts); accepted: whether it was drafted.
   */
  | { kind: 'token'; id: number; attention: number[]; accepted: boolean };

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
  /** Makes what drafts an answer of at most `room` tokens to this prompt; without, no token is drafted. */
  drafter?: ((prompt: readonly Uint32Array[], room: number) => Drafter) | undefined;
}

/** Tokens that an answer's context must have room for. */
export function contextTokens({ blocks, finalBlock, maxTokens }: AnswerRequest): number {
  return blocks.reduce((sum, block) => sum + block.tokens.length, finalBlock.length + maxTokens);
}

const NO_DRAFT: Uint32Array = new Uint32Array();

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

  const firstLogits = request.firstLogits === true ? step.value.logits : undefined;
  return { ...(yield* decode(state, request, step.value, emit)), firstLogits };
}

/**
 * Decodes from the logits of the first token on. A run computes the token said last and, where one may be made, a draft
 * of those after it; the drafted ones that the logits confirm are said too, the others leave the context again. So the
 * tokens are those of greedy decoding by the same runs.
 */
async function* decode(
  state: AnswerState,
  request: AnswerRequest,
  first: Pick<RunOutput, 'logits' | 'attention'>,
  emit: (event: AnswerEvent) => void,
): Steps<Omit<AnswerResult, 'firstLogits'>> {
  const { decoder, context } = state;
  const { blocks, finalBlock, maxTokens, sampling } = request;
  const { vocabulary } = decoder.model.manifest.architecture;
  const lengths = blocks.map((block) => block.tokens.length);
  const sampler = new Sampler(sampling);
  const end = new Set(request.end);
  const prompt = [...blocks.map(({ tokens }) => tokens), finalBlock];
  // What is drawn at random cannot be foretold.
  const drafter = sampling.temperature === 0 ? state.drafter?.(prompt, maxTokens) : undefined;
  let { logits, attention } = first;
  let draft = NO_DRAFT;
  let completionTokens = 0;
  let decodeMs = 0;
  while (completionTokens < maxTokens) {
    const width = attention.length / (1 + draft.length);
    let accepted = 0;
    let id = 0;
    for (let row = 0; row <= draft.length; row++) {
      id = sampler.next(logits.subarray(row * vocabulary, (row + 1) * vocabulary));
      if (end.has(id)) return { finish: 'end', completionTokens, decodeMs };
      completionTokens++;
      const confirmed = id === draft[row];
      const seen = attention.subarray(row * width, (row + 1) * width);
      emit({ kind: 'token', id, attention: attentionByBlock(seen, lengths), accepted: confirmed });
      drafter?.push(id);
      if (!confirmed) break;
      accepted++;
    }
    drafter?.checked(draft.length, accepted);
    if (completionTokens === maxTokens) break;
    yield;
    const started = performance.now();
    context.truncate(context.length - draft.length + accepted);
    draft = drafter?.draft(maxTokens - completionTokens - 1) ?? NO_DRAFT;
    if (draft.length > 0) emit({ kind: 'drafted', tokens: draft.length });
    const tokens = Uint32Array.of(id, ...draft);
    const logitRows = [...tokens.keys()];
    const output = await decoder.run({ tokens, start: context.length, context, logitRows }, FOR_CONTEXT);
    context.append(tokens.length, output.new_key, output.new_value);
    ({ logits, attention } = output);
    decodeMs += performance.now() - started;
  }
  return { finish: 'length', completionTokens, decodeMs };
}

/** Lays every block, encoding those without a usable blob; returns the tokens that were reused. */
async function* layBlocks(
  { decoder, context, verified, intact, hot, accepted }: AnswerState,
  request: AnswerRequest,
  timings: PromptFigures['timings'],
  emit: (event: AnswerEvent) => void,
): Steps<number> {
  const { shape, rope, model } = decoder;
  const contextLength = request.blocks.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const local = decoder.local?.rowsFor(contextLength);
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
    context.lay(blob, rope, model.keyBias, local);
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
  context.lay(blob, decoder.rope, decoder.model.keyBias, decoder.local?.rowsFor(blob.tokens));
  return context;
}
