/** POST /v1/chat/completions: a conversation, about a collection or without documents. */

import { createRoute } from '@hono/zod-openapi';
import type { GenerateOptions } from '../../../pipeline/question/generate.ts';
import type { System } from '../../../pipeline/system.ts';
import type { Logger } from '../../../telemetry.ts';
import { sendEvents } from '../../event-stream.ts';
import { type Api, access, events, json, newRoutes, QUESTION_CODES } from '../../route.ts';
import { type RunWork, streamText } from '../../work.ts';
import {
  answering,
  COLLECTION_HEADER,
  COLLECTION_RULE,
  collectionHeaders,
  refuseParameters,
} from './answering.ts';
import { chatRequestSchema, insteadOfField } from './chat-schema.ts';
import { completionSchema, toChunks, toCompletion } from './completion.ts';
import { openAiProblems, toOpenAiError } from './errors.ts';
import { toGeneration } from './generation-schema.ts';
import { toConversation } from './messages.ts';

const complete = createRoute({
  method: 'post',
  path: '/v1/chat/completions',
  tags: ['openai'],
  summary: 'Go on with a conversation',
  description: `${COLLECTION_RULE} With stream: chunks as server-sent events, at last [DONE] or an error.`,
  ...access('read'),
  request: {
    headers: collectionHeaders,
    body: { ...json(chatRequestSchema, 'The conversation.'), required: true },
  },
  responses: {
    200: {
      description: 'The completion.',
      content: {
        'application/json': { schema: completionSchema },
        ...events(),
      },
    },
    ...openAiProblems('unsupported_parameter', 'model_unknown', ...QUESTION_CODES),
  },
});

export function chatRoutes(system: System, run: RunWork, logger: Logger): Api {
  const routes = newRoutes();
  routes.openapi(
    complete,
    async (c) => {
      const body = c.req.valid('json');
      const { model, max_tokens, max_completion_tokens } = body;
      const maxTokens = max_completion_tokens ?? max_tokens;
      const work = answering(system, {
        model,
        header: c.req.header(COLLECTION_HEADER),
        extension: body.blockrag,
        conversation: toConversation(body.messages),
        generation: { tenant: c.get('caller').tenant, ...toGeneration({ ...body, maxTokens }) },
      });
      const answer = (onText?: GenerateOptions['onText']) => run(c, (signal) => work({ signal, onText }));
      if (!body.stream) return c.json(toCompletion(model, await answer()), 200);
      const stream = streamText(answer);
      // What fails before the first text is answered with its status, not with a stream that begins with an error.
      const first = await stream.next();
      const chunks = toChunks(model, stream, first, body.stream_options?.include_usage === true);
      // The route's type knows JSON only.
      return sendEvents(c, logger, chunks, (problem) => ({ data: toOpenAiError(problem) })) as never;
    },
    (result) => {
      if (!result.success) refuseParameters(result.error, insteadOfField);
    },
  );
  return routes;
}
