/** Answers as the API shows them: the REST routes, the OpenAI routes and the command line give the same JSON. */

import { z } from 'zod';
import { ATTENTION_MODES } from '../../attention/modes.ts';
import type { Answer, Citation, Timings, Usage } from '../../pipeline/question/answer.ts';

const finishSchema = z.enum(['end', 'length', 'stop', 'no_relevant_passages']);

export const citationSchema = z
  .object({
    document: z.string().meta({ example: 'ferry.md' }),
    document_id: z.string(),
    title: z.string().meta({ example: 'Ferry' }),
    page: z.int().nullable(),
    page_end: z.int().nullable().meta({ description: 'The last page; that of `page` where there is one.' }),
    passage: z.int().meta({ description: 'Index of the passage in its document, from 0.' }),
    text: z.string(),
    score: z.number(),
    similarity: z.number(),
    grounding: z
      .number()
      .nullable()
      .meta({ description: "Share of the answer's attention to the passages, 0 to 1." }),
  })
  .meta({ id: 'Citation' });

export const usageSchema = z
  .object({
    prompt_tokens: z.int(),
    reused_tokens: z.int().meta({ description: 'Tokens whose keys and values came from the store.' }),
    encoded_tokens: z.int().meta({ description: 'Tokens of blocks that the store lacked.' }),
    final_tokens: z.int().meta({ description: 'Tokens of the final block: the question.' }),
    completion_tokens: z.int(),
    drafted_tokens: z
      .int()
      .meta({ description: 'Tokens drafted for the model to check several in one run.' }),
    accepted_tokens: z.int().meta({ description: 'Of the drafted tokens those that the answer holds.' }),
  })
  .meta({ id: 'Usage' });

export const timingsSchema = z
  .object({
    retrieve: z.number(),
    load: z.number(),
    encode: z.number(),
    reencode: z.number(),
    attend: z.number(),
    first_token: z.number(),
    total: z.number(),
  })
  .meta({ id: 'Timings', description: 'Milliseconds; first_token and total from the request on.' });

export const answerSchema = z
  .object({
    answer: z.string(),
    finish_reason: finishSchema,
    citations: z.array(citationSchema).meta({ description: 'Best first.' }),
    usage: usageSchema,
    timings_ms: timingsSchema,
    passages_dropped: z
      .int()
      .meta({ description: "Relevant passages left out because the model's context is full." }),
    attention: z.enum(ATTENTION_MODES),
    model: z.string(),
  })
  .meta({ id: 'Answer' });

/** An answer, in the form that is sent. Counts are tokens. */
export type AnswerView = z.infer<typeof answerSchema>;
export type CitationView = z.infer<typeof citationSchema>;
export type UsageView = z.infer<typeof usageSchema>;

/** A streamed answer: its text piece by piece, then the whole answer. */
export type AnswerEvent = { type: 'text'; text: string } | { type: 'done'; answer: AnswerView };

export function viewAnswer(answer: Answer): AnswerView {
  return {
    answer: answer.answer,
    finish_reason: answer.finishReason,
    citations: answer.citations.map(viewCitation),
    usage: viewUsage(answer.usage),
    timings_ms: viewTimings(answer.timings),
    passages_dropped: answer.passagesDropped,
    attention: answer.attention,
    model: answer.model,
  };
}

export function viewCitation(citation: Citation): CitationView {
  const { document, documentId, title, page, pageEnd, ...rest } = citation;
  return { document, document_id: documentId, title, page, page_end: pageEnd, ...rest };
}

export function viewUsage(usage: Usage): UsageView {
  return {
    prompt_tokens: usage.promptTokens,
    reused_tokens: usage.reusedTokens,
    encoded_tokens: usage.encodedTokens,
    final_tokens: usage.finalTokens,
    completion_tokens: usage.completionTokens,
    drafted_tokens: usage.draftedTokens,
    accepted_tokens: usage.acceptedTokens,
  };
}

export function viewTimings({ firstToken, total, ...phases }: Timings): z.infer<typeof timingsSchema> {
  return { ...phases, first_token: firstToken, total };
}
