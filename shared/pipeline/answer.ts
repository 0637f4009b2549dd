/** A question's way: retrieve, load blobs, lay the context, attend, decode; citations and figures beside the text. */
import type { AnswerEvent, AttentionMode, PromptFigures } from '../attention/answer.ts';
import type { Sampling } from '../attention/sampling.ts';
import { BlockragError, isBlockragError } from '../errors.ts';
import { chooseFitting, loadBlocks, storeBlob } from './blocks.ts';
import { type RetrievedPassage, retrieve } from './retrieve.ts';
import type { Services } from './services.ts';
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
