/** An answer as a chat completion, whole or in chunks. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Answer } from '../../../pipeline/question/answer.ts';
import type { ChatAnswer } from '../../../pipeline/question/chat.ts';
import type { StreamEvent } from '../../event-stream.ts';
import { answerSchema, viewAnswer, viewUsage } from '../../views/answer.ts';
import type { AnswerStream } from '../../work.ts';

export const extensionSchema = answerSchema
  .pick({ finish_reason: true, usage: true, citations: true, timings_ms: true, passages_dropped: true })
  .partial({ citations: true, timings_ms: true, passages_dropped: true })
  .meta({ id: 'ChatExtension', description: 'Of a chat without documents: finish_reason and usage.' });

const tokensSchema = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
  prompt_tokens_details: z.object({
    cached_tokens: z.int().meta({ description: 'Tokens whose keys and values were reused.' }),
  }),
});

export const completionSchema = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: z.int(),
    model: z.string(),
    choices: z.array(
      z.object({
        index: z.literal(0),
        message: z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() }),
        finish_reason: z.enum(['stop', 'length']),
        logprobs: z.null(),
      }),
    ),
    usage: tokensSchema,
    blockrag: extensionSchema,
  })
  .meta({ id: 'ChatCompletion' });

export type Completed = Answer | ChatAnswer;

const idOf = () => `chatcmpl-${randomBytes(12).toString('hex')}`;
const now = () => Math.floor(Date.now() / 1000);
const finishOf = ({ finishReason }: Completed) => (finishReason === 'length' ? 'length' : 'stop');

export function toCompletion(model: string, answer: Completed): z.infer<typeof completionSchema> {
  const message = { role: 'assistant' as const, content: answer.answer, refusal: null };
  return {
    id: idOf(),
    object: 'chat.completion',
    created: now(),
    model,
    choices: [{ index: 0, message, finish_reason: finishOf(answer), logprobs: null }],
    usage: tokensOf(answer),
    blockrag: extensionOf(answer),
  };
}

/** The chunks of a completion and [DONE]. The last chunk before it holds the extension. */
export async function* toChunks<T extends Completed>(
  model: string,
  stream: AnswerStream<T>,
  first: IteratorResult<string, T>,
  includeUsage: boolean,
): AsyncGenerator<StreamEvent> {
  const common = { id: idOf(), object: 'chat.completion.chunk', created: now(), model };
  const chunk = (delta: object, finish_reason: string | null, more: object = {}): StreamEvent => ({
    data: {
      ...common,
      choices: [{ index: 0, delta, finish_reason, logprobs: null }],
      ...(includeUsage ? { usage: null } : {}),
      ...more,
    },
  });
  yield chunk({ role: 'assistant', content: '' }, null);
  let next = first;
  for (; !next.done; next = await stream.next()) yield chunk({ content: next.value }, null);
  const answer = next.value;
  const blockrag = extensionOf(answer);
  yield chunk({}, finishOf(answer), includeUsage ? {} : { blockrag });
  if (includeUsage) yield { data: { ...common, choices: [], usage: tokensOf(answer), blockrag } };
  yield { data: '[DONE]' };
}

function tokensOf({ usage }: Completed): z.infer<typeof tokensSchema> {
  const { prompt_tokens, completion_tokens, reused_tokens } = viewUsage(usage);
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens: reused_tokens },
  };
}

/** What a completion has that OpenAI has no field for. */
export function extensionOf(answer: Completed): z.infer<typeof extensionSchema> {
  if (!('citations' in answer)) {
    return { finish_reason: answer.finishReason, usage: viewUsage(answer.usage) };
  }
  const { finish_reason, usage, citations, timings_ms, passages_dropped } = viewAnswer(answer);
  return { finish_reason, usage, citations, timings_ms, passages_dropped };
}
