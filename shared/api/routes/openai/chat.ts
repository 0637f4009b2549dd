/** POST /v1/chat/completions: a conversation, about a collection or without documents. */

import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { BlockragError } from '../../../errors.ts';
import { DEFAULT_TOP_K } from '../../../pipeline/defaults.ts';
import type { GenerateOptions } from '../../../pipeline/question/generate.ts';
import type { System } from '../../../pipeline/system.ts';
import type { Logger } from '../../../telemetry.ts';
import { sendEvents } from '../../event-stream.ts';
import { type Api, access, events, json, newRoutes, QUESTION_CODES } from '../../route.ts';
import { nameSchema, refuseInvalid } from '../../schemas/requests.ts';
import { type RunWork, streamText } from '../../work.ts';
import { type ChatRequest, chatRequestSchema, isNeutralOnly } from './chat-schema.ts';
import { type Completed, completionSchema, toChunks, toCompletion } from './completion.ts';
import { openAiProblems, toOpenAiError } from './errors.ts';
import { toConversation } from './messages.ts';
import { readModel } from './models.ts';

const COLLECTION_HEADER = 'x-blockrag-collection';

const complete = createRoute({
  method: 'post',
  path: '/v1/chat/completions',
  tags: ['openai'],
  summary: 'Go on with a conversation',
  description:
    'The collection is the one of the field blockrag, else of the header x-blockrag-collection, else of the model (MODEL@COLLECTION); without one it is a chat without documents. With stream: chunks as server-sent events, at last [DONE] or an error.',
  ...access('read'),
  request: {
    headers: z.object({
      [COLLECTION_HEADER]: z.string().max(2048).optional().meta({ description: 'Percent-encoded UTF-8.' }),
    }),
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
      const named = readModel(system, body.model).collection;
      const collection = body.blockrag?.collection ?? fromHeader(c.req.header(COLLECTION_HEADER)) ?? named;
      const work = answering(system, c.get('caller').tenant, body, collection);
      const answer = (onText?: GenerateOptions['onText']) => run(c, (signal) => work({ signal, onText }));
      if (!body.stream) return c.json(toCompletion(body.model, await answer()), 200);
      const stream = streamText(answer);
      // What fails before the first text is answered with its status, not with a stream that begins with an error.
      const first = await stream.next();
      const chunks = toChunks(body.model, stream, first, body.stream_options?.include_usage === true);
      // The route's type knows JSON only.
      return sendEvents(c, logger, chunks, (problem) => ({ data: toOpenAiError(problem) })) as never;
    },
    (result) => {
      if (!result.success) refuseParameters(result.error);
    },
  );
  return routes;
}

function answering(
  system: System,
  tenant: string,
  body: ChatRequest,
  collection: string | undefined,
): (options: GenerateOptions) => Promise<Completed> {
  const { temperature, top_p: topP, seed, stop, maxTokens } = body;
  const { system: instructions, turns } = toConversation(body.messages);
  const generation = {
    tenant,
    maxTokens,
    sampling: { temperature, topP, topK: 0, seed: seed ?? undefined },
    stop,
    system: instructions,
  };
  if (collection === undefined) return (options) => system.chat({ ...generation, turns }, options);
  const { top_k: topK = DEFAULT_TOP_K, attention = 'block', filter } = body.blockrag ?? {};
  const question = turns.at(-1)!.content;
  const earlier = turns.slice(0, -1);
  return (options) =>
    system.ask({ ...generation, collection, filter, question, earlier, attention, topK }, options);
}

function fromHeader(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  let text: string | undefined;
  try {
    text = decodeURIComponent(header);
  } catch {}
  const name = nameSchema.safeParse(text);
  if (name.success) return name.data;
  const message = `${COLLECTION_HEADER}: that is no name of a collection, percent-encoded.`;
  throw new BlockragError('invalid_request', message, { data: { field: COLLECTION_HEADER } });
}

/** Tells what is wrong from what OpenAI would do and this does not. */
function refuseParameters(error: z.ZodError): never {
  const [issue] = error.issues;
  const [field] = issue?.path ?? [];
  const unknown = issue?.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys[0] : undefined;
  const name = unknown ?? (typeof field === 'string' && isNeutralOnly(field) ? field : undefined);
  if (name === undefined) return refuseInvalid(error);
  const message = `${name}: this is not supported here: leave it out.`;
  throw new BlockragError('unsupported_parameter', message, { data: { field: name } });
}
