/** A question's way: retrieve, load blobs, lay the context, attend, decode; citations and figures beside the text. */
import type { AnswerEvent, AttentionMode, PromptBlock, PromptFigures } from '../attention/answer.ts';
import type { Sampling } from '../attention/sampling.ts';
import { BlockragError, isBlockragError } from '../errors.ts';
import { retireItem } from './retire.ts';
import { type RetrievedPassage, retrieve } from './retrieve.ts';
import { blobPath, keyOf, type Services } from './services.ts';
import { TextStream } from './text-stream.ts';

export const DEFAULT_TOP_K = 5;
export const DEFAULT_MAX_TOKENS = 256;

export interface Question {
  tenant: string;
  collection: string;
  question: string;
  attention: AttentionMode;
  /** Passages in the prompt at most. */
  topK: number;
  maxTokens: number;
  sampling: Sampling;
  stop: readonly string[];
}

export interface Citation {
  document: string;
  document_id: string;
  title: string;
  page: number | null;
  /** Index of the passage in its document, from 0. */
  passage: number;
  text: string;
  score: number;
  similarity: number;
}

export interface Answer {
  answer: string;
  /** end: the model ended; length: max tokens; stop: a stop string; no_relevant_passages: nothing was asked. */
  finish_reason: 'end' | 'length' | 'stop' | 'no_relevant_passages';
  /** Best first: the prompt holds them in the reverse order. */
  citations: Citation[];
  usage: {
    prompt_tokens: number;
    reused_tokens: number;
    encoded_tokens: number;
    final_tokens: number;
    completion_tokens: number;
  };
  /** Milliseconds; first_token and total from the request on. */
  timings_ms: {
    retrieve: number;
    load: number;
    encode: number;
    reencode: number;
    attend: number;
    first_token: number;
    total: number;
  };
  /** Relevant passages left out because the model's context is full. */
  passages_dropped: number;
  attention: AttentionMode;
  model: string;
}

export interface AnswerOptions {
  signal?: AbortSignal | undefined;
  /** Called with the answer's text piece by piece. */
  onText?: ((text: string) => void) | undefined;
}

const NOTHING_RELEVANT = 'The documents hold nothing about this question.';

/**
 * Answers a question from a collection.
 * @throws BlockragError `question_empty`, `question_too_long`, `prompt_too_long`, `collection_not_found`,
 * `no_documents`, `cancelled`
 */
export async function answerQuestion(
  services: Services,
  question: Question,
  options: AnswerOptions = {},
): Promise<Answer> {
  const started = performance.now();
  const { signal, onText } = options;
  const { template, model } = services;
  const { attention, maxTokens } = question;
  checkQuestion(question.question, services.maxQuestionLength);
  const finalBlock = template.finalBlock(question.question);

  const found = await retrieve(services, question, signal);
  const retrieved = performance.now();
  const { passages, dropped } = chooseFitting(services, found, finalBlock.length + maxTokens);
  const common = { passages_dropped: dropped, attention, model: model.manifest.name };
  if (passages.length === 0) {
    onText?.(NOTHING_RELEVANT);
    return { ...nothingRelevant(started, retrieved), ...common };
  }
  // Blobs are read inside: waiting answers must not hold memory.
  const generated = await services.answering.run(
    () => generate(services, question, finalBlock, passages, options),
    signal,
  );
  const { reusedTokens, encodedTokens, finalTokens, timings } = generated.figures;
  const ended = performance.now();
  return {
    answer: generated.text.trim(),
    finish_reason: generated.finish,
    citations: passages.map(toCitation),
    usage: {
      prompt_tokens: reusedTokens + encodedTokens + finalTokens,
      reused_tokens: reusedTokens,
      encoded_tokens: encodedTokens,
      final_tokens: finalTokens,
      completion_tokens: generated.completionTokens,
    },
    timings_ms: rounded({
      retrieve: retrieved - started,
      load: generated.loadMs,
      ...timings,
      first_token: (generated.firstToken ?? ended) - started,
      total: ended - started,
    }),
    ...common,
  };
}

interface Generated {
  text: string;
  finish: Answer['finish_reason'];
  completionTokens: number;
  figures: PromptFigures;
  loadMs: number;
  /** When the first token came, by performance.now(). */
  firstToken: number | undefined;
}

/** Loads the blobs, runs the model, and turns its tokens into text; stores what the store lacked. */
async function generate(
  services: Services,
  { tenant, attention, sampling, maxTokens, stop }: Question,
  finalBlock: Uint32Array,
  passages: readonly RetrievedPassage[],
  { signal, onText }: AnswerOptions,
): Promise<Generated> {
  const { engine, tokenizer, template, dtype } = services;
  const started = performance.now();
  // Ascending score, the best next to the question.
  const tokens = [template.preface, ...passages.map(({ passage }) => passage.tokens).reverse()];
  const blocks = await loadBlocks(services, tenant, attention, tokens);
  const loadMs = performance.now() - started;

  const stream = new TextStream(tokenizer, stop);
  const stopped = new AbortController();
  let text = '';
  let completionTokens = 0;
  let firstToken: number | undefined;
  const give = (piece: string) => {
    text += piece;
    if (piece !== '') onText?.(piece);
  };
  let figures: PromptFigures | undefined;
  const storing: Promise<void>[] = [];
  const onEvent = (event: AnswerEvent) => {
    if (event.kind === 'encoded') {
      const passage = event.index === 0 ? undefined : passages[passages.length - event.index];
      storing.push(storeBlob(services, tenant, blocks[event.index]!, event, passage));
    } else if (event.kind === 'attended') {
      figures = event;
    } else if (!stream.stopped) {
      firstToken ??= performance.now();
      completionTokens++;
      give(stream.push(event.id));
      if (stream.stopped) stopped.abort();
    }
  };
  const request = { attention, blocks, finalBlock, dtype, sampling, maxTokens, end: tokenizer.file.end };
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
  await Promise.all(storing);
  return {
    text,
    finish: stream.stopped ? 'stop' : finish,
    completionTokens,
    figures: figures!,
    loadMs,
    firstToken,
  };
}

function checkQuestion(question: string, maxLength: number): void {
  if (question.trim() === '') throw new BlockragError('question_empty', 'The question is empty.');
  if (question.length > maxLength) {
    throw new BlockragError(
      'question_too_long',
      `The question has ${question.length} characters; at most ${maxLength} are taken.`,
      { data: { length: question.length, max: maxLength } },
    );
  }
}

/** As many of the passages, best first, as the model's context holds beside the rest of the prompt. */
function chooseFitting(
  { model, template }: Services,
  found: readonly RetrievedPassage[],
  rest: number,
): { passages: RetrievedPassage[]; dropped: number } {
  const { contextLength } = model.manifest.architecture;
  let room = contextLength - template.preface.length - rest;
  if (room < 0) {
    throw new BlockragError(
      'prompt_too_long',
      `Question and answer need ${rest} tokens and the instructions ${template.preface.length}; the model takes ${contextLength}: shorten the question or lower max_tokens.`,
      { data: { contextLength } },
    );
  }
  const passages = found.filter(({ passage }) => {
    const fits = passage.tokens.length <= room;
    if (fits) room -= passage.tokens.length;
    return fits;
  });
  if (passages.length === 0 && found.length > 0) {
    throw new BlockragError(
      'prompt_too_long',
      `No passage fits beside question and answer (${rest} tokens) into the ${contextLength} that the model takes: shorten the question or lower max_tokens.`,
      { data: { contextLength } },
    );
  }
  return { passages, dropped: found.length - passages.length };
}

/** The blocks of the context with what the store has of them. */
async function loadBlocks(
  services: Services,
  tenant: string,
  attention: AttentionMode,
  tokens: readonly Uint32Array[],
): Promise<PromptBlock[]> {
  const preface = keyOf(services, tenant, tokens[0]!);
  let start = 0;
  return Promise.all(
    tokens.map(async (block, i): Promise<PromptBlock> => {
      const anchor = attention === 'anchor' && i > 0 ? { preface, start } : undefined;
      start += block.length;
      const key = keyOf(services, tenant, block, anchor);
      // Full attention computes everything anew: nothing is read.
      const object = attention === 'full' ? undefined : await services.blobs.get(blobPath(tenant, key));
      return { tokens: block, key, object };
    }),
  );
}

/** Keeps what the store lacked or had damaged. The answer does not depend on it: a failure is only logged. */
async function storeBlob(
  { blobs, catalog, queue, logger, fingerprint }: Services,
  tenant: string,
  block: PromptBlock,
  { object, damaged }: { object: Uint8Array; damaged: string | undefined },
  retrieved: RetrievedPassage | undefined,
): Promise<void> {
  if (damaged !== undefined)
    logger.warn({ blob: block.key, reason: damaged }, 'a damaged blob was computed anew');
  const document = retrieved?.document;
  const user =
    document === undefined
      ? { document: 'preface', version: fingerprint }
      : { document: document.id, version: document.version! };
  try {
    await blobs.put(blobPath(tenant, block.key), object, { replace: damaged !== undefined });
    await catalog.putBlob(block.key, { tokens: block.tokens.length }, user);
    if (document === undefined) return;
    // Deleted or replaced meanwhile: what was just stored must go the way of the rest.
    const now = await catalog.document(tenant, document.id);
    if (now?.version !== user.version) await queue.send([retireItem({ tenant, ...user })]);
  } catch (error) {
    logger.warn({ blob: block.key, err: error }, 'a computed blob could not be stored');
  }
}

function toCitation({ document, passage, score, similarity }: RetrievedPassage): Citation {
  return {
    document: document.name,
    document_id: document.id,
    title: passage.title,
    page: passage.page,
    passage: passage.index,
    text: passage.text,
    score,
    similarity,
  };
}

function nothingRelevant(started: number, retrieved: number) {
  const ended = performance.now();
  const none = { load: 0, encode: 0, reencode: 0, attend: 0 };
  return {
    answer: NOTHING_RELEVANT,
    finish_reason: 'no_relevant_passages' as const,
    citations: [],
    usage: { prompt_tokens: 0, reused_tokens: 0, encoded_tokens: 0, final_tokens: 0, completion_tokens: 0 },
    timings_ms: rounded({
      retrieve: retrieved - started,
      ...none,
      first_token: ended - started,
      total: ended - started,
    }),
  };
}

function rounded<T extends Record<string, number>>(timings: T): T {
  return Object.fromEntries(
    Object.entries(timings).map(([name, ms]) => [name, Math.round(ms * 10) / 10]),
  ) as T;
}
