/** POST /v1/responses: the same as chat completions, as newer clients of OpenAI ask. Nothing is stored. */

import { createRoute } from '@hono/zod-openapi';
import type { GenerateOptions } from '../../../pipeline/question/generate.ts';
import type { System } from '../../../pipeline/system.ts';
import type { Logger } from '../../../telemetry.ts';
import { sendEvents } from '../../event-stream.ts';
import type { Problem } from '../../problem.ts';
import { type Api, access, events, json, newRoutes, QUESTION_CODES } from '../../route.ts';
import { type RunWork, streamText } from '../../work.ts';
import {
  answering,
  COLLECTION_HEADER,
  COLLECTION_RULE,
  collectionHeaders,
  refuseParameters,
} from './answering.ts';
import { openAiProblems, toOpenAiError } from './errors.ts';
import { toGeneration } from './generation-schema.ts';
import { toConversation } from './messages.ts';
import { beginResponse, endResponse, responseSchema, toResponseEvents } from './response-object.ts';
import { insteadOfField, responseRequestSchema, toMessages } from './responses-schema.ts';

const respond = createRoute({
  method: 'post',
  path: '/v1/responses',
  tags: ['openai'],
  summary: 'Go on with a conversation (Responses API)',
  description: `${COLLECTION_RULE} Responses are not stored: the earlier turns are in the input. With stream: the events of OpenAI's, from response.created to response.completed, response.incomplete or error.`,
  ...access('read'),
  request: {
    headers: collectionHeaders,
    body: { ...json(responseRequestSchema, 'The conversation.'), required: true },
  },
  responses: {
    200: {
      description: 'The response.',
      content: {
        'application/json': { schema: responseSchema },
        ...events(),
      },
    },
    ...openAiProblems('unsupported_parameter', 'model_unknown', ...QUESTION_CODES),
  },
});

export function responseRoutes(system: System, run: RunWork, logger: Logger): Api {
  const routes = newRoutes();
  routes.openapi(
    respond,
    async (c) => {
      const body = c.req.valid('json');
      const { model, max_output_tokens: maxTokens, temperature, top_p } = body;
      const work = answering(system, {
        model,
        header: c.req.header(COLLECTION_HEADER),
        extension: body.blockrag,
        conversation: toConversation(toMessages(body), 'input'),
        generation: { tenant: c.get('caller').tenant, ...toGeneration({ maxTokens, temperature, top_p }) },
      });
      const answer = (onText?: GenerateOptions['onText']) => run(c, (signal) => work({ signal, onText }));
      const begun = beginResponse(body);
      if (!body.stream) return c.json(endResponse(begun, await answer()), 200);
      const stream = streamText(answer);
      // What fails before the first text is answered with its status, not with a stream that begins with an error.
      const first = await stream.next();
      // The route's type knows JSON only.
      return sendEvents(c, logger, toResponseEvents(begun, stream, first), toErrorEvent) as never;
    },
    (result) => {
      if (!result.success) refuseParameters(result.error, insteadOfField);
    },
  );
  return routes;
}

/** An error event is read in two forms: OpenAI's own clients look for `error`, its description has the fields beside. */
function toErrorEvent(problem: Problem) {
  const { error } = toOpenAiError(problem);
  const { code, message, param } = error;
  return { event: 'error', data: { type: 'error', sequence_number: 0, code, message, param, error } };
}
