/** The model's part of an answer: load blobs, lay out the context, attend, and turn tokens into text. */

import type { AnswerEvent, PromptFigures } from '../../attention/answer.ts';
import type { AttentionMode } from '../../attention/modes.ts';
import type { Sampling } from '../../attention/sampling.ts';
import { isBlockragError } from '../../errors.ts';
import { spansOf } from '../../tracing.ts';
import type { Services } from '../services.ts';
import { type BlobReads, type LoadServices, loadBlocks, type StoreServices, storeBlob } from './blocks.ts';
import type { RetrievedPassage } from './retrieve.ts';
import { TextStream } from './text-stream.ts';

/** How text is generated, whatever the prompt. */
export interface Generation {
  tenant: string;
  maxTokens: number;
  sampling: Sampling;
  stop: readonly string[];
}

/** Token ids of a prompt: block 0 and the passages that follow it (none for a chat), then the final block. */
export interface Prompt {
  attention: AttentionMode;
  preface: Uint32Array | undefined;
  /** Best first; the prompt holds them in the reverse order, the best next to the question. */
  passages: readonly RetrievedPassage[];
  finalBlock: Uint32Array;
}

/** Tokens of a prompt. */
export function promptLength({ preface, passages, finalBlock }: Omit<Prompt, 'attention'>): number {
  return passages.reduce(
    (sum, { passage }) => sum + passage.tokens.length,
    (preface?.length ?? 0) + finalBlock.length,
  );
}

export interface GenerateOptions {
  signal?: AbortSignal | undefined;
  /** Called with the answer's text piece by piece. */
  onText?: ((text: string) => void) | undefined;
}

export interface Generated {
  text: string;
  finish: 'end' | 'length' | 'stop';
  completionTokens: number;
  /** Tokens drafted, and those of them that the answer holds. */
  drafts: { drafted: number; accepted: number };
  figures: PromptFigures;
  /** The share of the answer's attention that each passage got, best retrieved first; they sum to 1. */
  grounding: number[];
  /** Milliseconds of reading blobs. */
  loadMs: number;
  /** When the first token came, by performance.now(). */
  firstToken: number | undefined;
}

/** What generating text works with. */
export type GenerateServices = LoadServices &
  StoreServices &
  Pick<Services, 'access' | 'answering' | 'engine' | 'metrics' | 'template' | 'tier'>;

/**
 * Runs the model on a prompt; stores what the store lacked. Waits for its turn among the answers. The tokens that it
 * may take are set aside of the tenant's daily quota before, what it took is counted after.
 * @throws BlockragError `rate_limited`, `quota_exceeded`, `cancelled`
 */
export async function generate(
  services: GenerateServices,
  generation: Generation,
  prompt: Prompt,
  options: GenerateOptions,
): Promise<Generated> {
  const { answering, access } = services;
  const taken = await access.tokens.take(generation.tenant, promptLength(prompt) + generation.maxTokens);
  const spent = { tokens: 0 };
  try {
    // Blobs are read inside: waiting answers must not hold memory.
    const work = () => generateNow(services, generation, prompt, options, spent);
    return await answering.run(work, options.signal, generation.tenant);
  } finally {
    await access.tokens.settle(taken, spent.tokens);
  }
}

async function generateNow(
  services: GenerateServices,
  { tenant, sampling, maxTokens, stop }: Generation,
  { attention, preface, passages, finalBlock }: Prompt,
  { signal, onText }: GenerateOptions,
  spent: { tokens: number },
): Promise<Generated> {
  const { engine, tokenizer, template, dtype, metrics, budget } = services;
  const started = performance.now();
  const tokens =
    preface === undefined ? [] : [preface, ...passages.map(({ passage }) => passage.tokens).reverse()];
  const { blocks, reads } = loadBlocks(services, tenant, attention, tokens);
  // Before anything is stored: what this prompt needs must not make room for another block of it.
  if (attention !== 'full') for (const { key } of blocks) budget.touch(key);

  const stream = new TextStream(tokenizer, stop);
  const stopped = new AbortController();
  let text = '';
  let completionTokens = 0;
  const drafts = { drafted: 0, accepted: 0 };
  let firstToken: number | undefined;
  let lastToken = 0;
  const give = (piece: string) => {
    text += piece;
    if (piece !== '') onText?.(piece);
  };
  let figures: PromptFigures | undefined;
  // Of the blocks; the first is the preface, which says nothing about the documents.
  const attended = blocks.map(() => 0);
  const storing: Promise<void>[] = [];
  const onEvent = (event: AnswerEvent) => {
    if (event.kind === 'encoded') {
      const passage = event.index === 0 ? undefined : passages[passages.length - event.index];
      if (event.damaged !== undefined) metrics.blobsRead('damaged');
      // A request can make as many of these as it likes: they are not stored, and not charged to the tenant.
      const madeByRequest = passage === undefined ? preface !== template.preface : attention === 'anchor';
      if (madeByRequest) services.passing.set(blocks[event.index]!.key, event.object);
      else storing.push(storeBlob(services, tenant, blocks[event.index]!, event, passage));
    } else if (event.kind === 'attended') {
      figures = event;
      if (attention !== 'full') countReads(services, reads, event);
      spent.tokens = event.reusedTokens + event.encodedTokens + event.finalTokens;
    } else if (event.kind === 'drafted') {
      drafts.drafted += event.tokens;
    } else if (!stream.stopped) {
      if (event.accepted) drafts.accepted++;
      const now = performance.now();
      if (firstToken !== undefined) metrics.tokenDecoded((now - lastToken) / 1000);
      firstToken ??= now;
      lastToken = now;
      completionTokens++;
      spent.tokens++;
      for (const [block, share] of event.attention.entries()) attended[block]! += share;
      give(stream.push(event.id));
      if (stream.stopped) stopped.abort();
    }
  };
  const request = {
    tenant,
    attention,
    blocks,
    finalBlock,
    dtype,
    sampling,
    maxTokens,
    end: tokenizer.file.end,
  };
  const either = AbortSignal.any([stopped.signal, ...(signal === undefined ? [] : [signal])]);
  const finish = await engine.answer(request, { signal: either, onEvent }).then(
    (result) => result.finish,
    (error: unknown) => {
      // A stop string ends the work as a cancellation does, but it is an answer.
      if (stream.stopped && isBlockragError(error, 'cancelled')) return 'stop' as const;
      throw error;
    },
  );
  give(stream.end());
  const { encode, reencode, attend } = figures!.timings;
  spansOf(started, [
    { name: 'blockrag.load', ms: reads.ms, figures: { blocks: reads.hits, bytes: reads.bytes } },
  ]);
  const worked = (firstToken ?? performance.now()) - encode - reencode - attend;
  spansOf(worked, [
    { name: 'blockrag.encode', ms: encode, figures: { tokens: figures!.encodedTokens } },
    { name: 'blockrag.reencode', ms: reencode, figures: { tokens: figures!.reusedTokens } },
    { name: 'blockrag.attend', ms: attend, figures: { tokens: figures!.finalTokens } },
    {
      name: 'blockrag.decode',
      ms: firstToken === undefined ? 0 : lastToken - firstToken,
      figures: { tokens: completionTokens, ...drafts },
    },
  ]);
  await Promise.all(storing);
  return {
    text,
    finish: stream.stopped ? 'stop' : finish,
    completionTokens,
    drafts,
    figures: figures!,
    grounding: sharesOf(attended.slice(1).reverse()),
    loadMs: reads.ms,
    firstToken,
  };
}

/** Counts what was laid by where it came from. */
function countReads(
  { metrics, tier }: GenerateServices,
  { hits, misses, bytes, ms }: BlobReads,
  { hot }: PromptFigures,
): void {
  metrics.blobsRead('hit', hits + hot.blocks.length);
  metrics.blobsRead('miss', misses);
  metrics.bytesRead(tier, bytes, ms / 1000);
  metrics.bytesRead('memory', hot.bytes, 0);
}

/** Parts of a whole; all zero where there is none (an answer without a token). */
function sharesOf(amounts: readonly number[]): number[] {
  const sum = amounts.reduce((total, amount) => total + amount, 0);
  return amounts.map((amount) => (sum === 0 ? 0 : amount / sum));
}
