/** An answer as a response of the Responses API, whole or as events. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Citation } from '../../../pipeline/question/answer.ts';
import type { StreamEvent } from '../../event-stream.ts';
import { viewUsage } from '../../views/answer.ts';
import type { AnswerStream } from '../../work.ts';
import { type Completed, extensionOf, extensionSchema } from './completion.ts';
import type { ResponseRequest } from './responses-schema.ts';

const annotationSchema = z
  .object({
    type: z.literal('file_citation'),
    file_id: z.string(),
    filename: z.string(),
    index: z.int(),
  })
  .meta({ description: 'A document of the prompt; its passages are in blockrag.citations.' });

const partSchema = z.object({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: z.array(annotationSchema),
  logprobs: z.array(z.unknown()),
});

export const responseSchema = z
  .looseObject({
    id: z.string(),
    object: z.literal('response'),
    created_at: z.int(),
    status: z.enum(['completed', 'incomplete', 'in_progress']),
    incomplete_details: z.object({ reason: z.literal('max_output_tokens') }).nullable(),
    model: z.string(),
    output: z.array(
      z.object({
        id: z.string(),
        type: z.literal('message'),
        status: z.enum(['completed', 'incomplete', 'in_progress']),
        role: z.literal('assistant'),
        content: z.array(partSchema),
      }),
    ),
    usage: z
      .object({
        input_tokens: z.int(),
        input_tokens_details: z.object({
          cached_tokens: z.int().meta({ description: 'Tokens whose keys and values were reused.' }),
        }),
        output_tokens: z.int(),
        output_tokens_details: z.object({ reasoning_tokens: z.literal(0) }),
        total_tokens: z.int(),
      })
      .nullable(),
    blockrag: extensionSchema.optional(),
  })
  .meta({ id: 'Response' });

type ResponseView = z.infer<typeof responseSchema>;
type Item = ResponseView['output'][number];
type Part = z.infer<typeof partSchema>;

const idOf = (kind: string) => `${kind}_${randomBytes(16).toString('hex')}`;

/** A response before its answer, with what was asked of it. */
export function beginResponse(request: ResponseRequest): ResponseView {
  return {
    id: idOf('resp'),
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    model: request.model,
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: request.temperature ?? 0,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: request.top_p ?? 1,
    truncation: 'auto',
    usage: null,
    user: null,
    metadata: request.metadata ?? {},
  };
}

/** The same, answered. @param text what was streamed of it, where it was */
export function endResponse(
  begun: ResponseView,
  answer: Completed,
  id?: string,
  text?: string,
): ResponseView {
  const status = statusOf(answer);
  return {
    ...begun,
    status,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    output: [itemOf(id ?? idOf('msg'), status, [partOf(text ?? answer.answer, answer)])],
    usage: usageOf(answer),
    blockrag: extensionOf(answer),
  };
}

/** The events of a streamed response. The last of them holds it whole. */
export async function* toResponseEvents<T extends Completed>(
  begun: ResponseView,
  stream: AnswerStream<T>,
  first: IteratorResult<string, T>,
): AsyncGenerator<StreamEvent> {
  let count = 0;
  const event = (type: string, data: object): StreamEvent => ({
    event: type,
    data: { type, sequence_number: count++, ...data },
  });
  const id = idOf('msg');
  const place = { item_id: id, output_index: 0, content_index: 0 };
  yield event('response.created', { response: begun });
  yield event('response.in_progress', { response: begun });
  yield event('response.output_item.added', { output_index: 0, item: itemOf(id, 'in_progress', []) });
  yield event('response.content_part.added', { ...place, part: partOf('') });
  let text = '';
  let next = first;
  for (; !next.done; next = await stream.next()) {
    text += next.value;
    yield event('response.output_text.delta', { ...place, delta: next.value, logprobs: [] });
  }
  const response = endResponse(begun, next.value, id, text);
  const [item] = response.output;
  const [part] = item!.content;
  for (const [annotation_index, annotation] of part!.annotations.entries()) {
    yield event('response.output_text.annotation.added', { ...place, annotation_index, annotation });
  }
  yield event('response.output_text.done', { ...place, text, logprobs: [] });
  yield event('response.content_part.done', { ...place, part });
  yield event('response.output_item.done', { output_index: 0, item });
  yield event(`response.${response.status}`, { response });
}

const statusOf = ({ finishReason }: Completed) => (finishReason === 'length' ? 'incomplete' : 'completed');

function itemOf(id: string, status: Item['status'], content: Part[]): Item {
  return { id, type: 'message', status, role: 'assistant', content };
}

/** @param answer its documents are cited, where it is from documents */
function partOf(text: string, answer?: Completed): Part {
  const citations: readonly Citation[] =
    answer !== undefined && 'citations' in answer ? answer.citations : [];
  const documents = new Map(citations.map(({ documentId, document }) => [documentId, document]));
  const annotations = [...documents].map(([file_id, filename]) => ({
    type: 'file_citation' as const,
    file_id,
    filename,
    index: text.length,
  }));
  return { type: 'output_text', text, annotations, logprobs: [] };
}

function usageOf({ usage }: Completed): ResponseView['usage'] {
  const { prompt_tokens, completion_tokens, reused_tokens } = viewUsage(usage);
  return {
    input_tokens: prompt_tokens,
    input_tokens_details: { cached_tokens: reused_tokens },
    output_tokens: completion_tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: prompt_tokens + completion_tokens,
  };
}
