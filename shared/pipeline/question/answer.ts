/** Answers a question: retrieve, load blobs, lay out the context, attend, decode. */
import { type AttentionChoice, type AttentionMode, chooseAttention } from '../../attention/modes.ts';
import { BlockragError } from '../../errors.ts';
import type { Turn } from '../../model/prompt.ts';
import { span } from '../../tracing.ts';
import type { Filter } from '../metadata.ts';
import type { Services } from '../services.ts';
import { readPassage } from './answering.ts';
import { chooseFitting } from './blocks.ts';
import { retrievalQuestion } from './follow-up.ts';
import {
  type GenerateOptions,
  type GenerateServices,
  type Generation,
  generate,
  promptLength,
} from './generate.ts';
import { type RetrievedPassage, type RetrieveServices, retrieve } from './retrieve.ts';
import { checkLength, checkSystem, fitTurns, newestTurns, reserveFor } from './room.ts';

export interface Question extends Generation {
  collection: string;
  question: string;
  /** Earlier turns of the conversation: they begin with a user's, and roles alternate. */
  earlier?: readonly Turn[] | undefined;
  /** A system message in the place of the model's own. */
  system?: string | undefined;
  attention: AttentionChoice;
  /** Only documents whose metadata match. */
  filter?: Filter | undefined;
  /** Passages in the prompt at most. */
  topK: number;
}

export interface Citation {
  document: string;
  documentId: string;
  title: string;
  page: number | null;
  pageEnd: number | null;
  /** Index of the passage in its document, from 0. */
  passage: number;
  text: string;
  score: number;
  similarity: number;
  /** Share of the attention that the answer gave to the passages of the prompt, 0 to 1. */
  grounding: number;
}

/** Tokens of a prompt, by where their keys and values came from, and of its answer. */
export interface Usage {
  promptTokens: number;
  /** From the store. */
  reusedTokens: number;
  /** Of blocks that the store lacked. */
  encodedTokens: number;
  /** Of the final block: the question. */
  finalTokens: number;
  completionTokens: number;
  /** Tokens that were drafted for the model to check, and those of them that it would have said too. */
  draftedTokens: number;
  acceptedTokens: number;
}

/** Milliseconds; firstToken and total from the request on. */
export interface Timings {
  retrieve: number;
  load: number;
  encode: number;
  reencode: number;
  attend: number;
  firstToken: number;
  total: number;
}

export interface Answer {
  answer: string;
  /** end: the model ended; length: max tokens; stop: a stop string; no_relevant_passages: nothing was asked. */
  finishReason: 'end' | 'length' | 'stop' | 'no_relevant_passages';
  /** Best first: the prompt holds them in the reverse order. */
  citations: Citation[];
  usage: Usage;
  timings: Timings;
  /** Relevant passages left out because the model's context is full. */
  passagesDropped: number;
  attention: AttentionMode;
  /** The model's id. */
  model: string;
}

const NOTHING_RELEVANT = 'The documents hold nothing about this question.';

/** What answering a question works with. */
export type AnswerServices = RetrieveServices &
  GenerateServices &
  Pick<Services, 'template' | 'modelId' | 'maxQuestionLength' | 'contextTokens' | 'fingerprint'>;

/**
 * Answers a question from a collection. The oldest turns are left out where they are too many, and the answer has as
 * many tokens as there is room for.
 * @throws BlockragError `question_empty`, `question_too_long`, `prompt_too_long`, `collection_not_found`,
 * `no_documents`, `cancelled`
 */
export async function answerQuestion(
  services: AnswerServices,
  question: Question,
  options: GenerateOptions = {},
): Promise<Answer> {
  const started = performance.now();
  const { template, contextTokens, maxQuestionLength } = services;
  const { system } = question;
  const attention = chooseAttention(question.attention, services.model.manifest.attention);
  checkQuestion(question.question, maxQuestionLength);
  checkSystem(system, contextTokens);
  const preface = system === undefined ? template.preface : template.prefaceWith(system);
  const earlier = newestTurns(question.earlier ?? [], maxQuestionLength - question.question.length);
  const room = contextTokens - preface.length - reserveFor(question.maxTokens, contextTokens);
  // A quarter of the room at most: what matters are the passages, and turns are computed anew each time.
  const finalBlock = fitTurns((kept) => template.finalBlock(question.question, kept), earlier, room / 4);

  const sought = { ...question, sought: retrievalQuestion(question.question, earlier) };
  const found = await span('blockrag.retrieve', {}, async (add) => {
    const passages = await retrieve(services, sought, options.signal);
    add({ passages: passages.length });
    return passages;
  });
  const retrieved = performance.now();
  const readable = found.map((one) => ({ ...one, passage: readPassage(services, one) }));
  const { passages, dropped } = chooseFitting(room - finalBlock.length, readable);
  const common = { passagesDropped: dropped, attention, model: services.modelId };
  if (passages.length === 0) {
    options.onText?.(NOTHING_RELEVANT);
    return { ...nothingRelevant(started, retrieved), ...common };
  }
  const prompt = { attention, preface, passages, finalBlock };
  const maxTokens = Math.min(question.maxTokens, contextTokens - promptLength(prompt));
  const generated = await generate(services, { ...question, maxTokens }, prompt, options);
  const { reusedTokens, encodedTokens, finalTokens, timings } = generated.figures;
  const ended = performance.now();
  return {
    answer: generated.text.trim(),
    finishReason: generated.finish,
    citations: passages.map((passage, i) => toCitation(passage, generated.grounding[i]!)),
    usage: {
      promptTokens: reusedTokens + encodedTokens + finalTokens,
      reusedTokens,
      encodedTokens,
      finalTokens,
      completionTokens: generated.completionTokens,
      draftedTokens: generated.drafts.drafted,
      acceptedTokens: generated.drafts.accepted,
    },
    timings: rounded({
      retrieve: retrieved - started,
      load: generated.loadMs,
      ...timings,
      firstToken: (generated.firstToken ?? ended) - started,
      total: ended - started,
    }),
    ...common,
  };
}

function checkQuestion(question: string, maxLength: number): void {
  if (question.trim() === '') throw new BlockragError('question_empty', 'The question is empty.');
  checkLength(question, maxLength);
}

function toCitation({ document, passage, score, similarity }: RetrievedPassage, grounding: number): Citation {
  return {
    document: document.name,
    documentId: document.id,
    title: passage.title,
    page: passage.page,
    pageEnd: passage.pageEnd ?? passage.page,
    passage: passage.index,
    text: passage.text,
    score,
    similarity,
    grounding: Math.round(grounding * 1e4) / 1e4,
  };
}

function nothingRelevant(started: number, retrieved: number) {
  const ended = performance.now();
  const none = { load: 0, encode: 0, reencode: 0, attend: 0 };
  return {
    answer: NOTHING_RELEVANT,
    finishReason: 'no_relevant_passages' as const,
    citations: [],
    usage: {
      ...{ promptTokens: 0, reusedTokens: 0, encodedTokens: 0, finalTokens: 0 },
      ...{ completionTokens: 0, draftedTokens: 0, acceptedTokens: 0 },
    },
    timings: rounded({
      retrieve: retrieved - started,
      ...none,
      firstToken: ended - started,
      total: ended - started,
    }),
  };
}

function rounded<T extends Record<string, number>>(timings: T): T {
  return Object.fromEntries(
    Object.entries(timings).map(([name, ms]) => [name, Math.round(ms * 10) / 10]),
  ) as T;
}
