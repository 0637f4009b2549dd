/** POST /v1/query: a question, answered as JSON or as server-sent events. */
import { createRoute } from '@hono/zod-openapi';
import type { GenerateOptions } from '../../pipeline/question/generate.ts';
import type { System } from '../../pipeline/system.ts';
import type { Logger } from '../../telemetry.ts';
import { type StreamEvent, sendEvents } from '../event-stream.ts';
import { type Api, access, events, json, newRoutes, problems, QUESTION_CODES } from '../route.ts';
import { querySchema, toQuestion } from '../schemas/requests.ts';
import { type AnswerEvent, answerSchema, viewAnswer } from '../views/answer.ts';
import { answerEvents, type RunWork } from '../work.ts';

const query = createRoute({
  method: 'post',
  path: '/v1/query',
  tags: ['questions'],
  summary: 'Answer a question from a collection',
  description: 'With stream: events "text" ({text}), then "done" (the whole answer) or "error" (a problem).',
  ...access('read'),
  request: { body: { ...json(querySchema, 'The question.'), required: true } },
  responses: {
    200: {
      description: 'The answer, with citations, token counts and timings.',
      content: {
        'application/json': { schema: answerSchema },
        ...events('text', 'done', 'error'),
      },
    },
    ...problems(...QUESTION_CODES),
  },
});

export function queryRoutes(system: System, run: RunWork, logger: Logger): Api {
  const routes = newRoutes();
  routes.openapi(query, async (c) => {
    const body = c.req.valid('json');
    const question = toQuestion(c.get('caller').tenant, body);
    const ask = (onText?: GenerateOptions['onText']) =>
      run(c, (signal) => system.ask(question, { signal, onText }));
    if (!body.stream) return c.json(viewAnswer(await ask()), 200);
    const stream = toEvents(answerEvents(ask));
    // The route's type knows JSON only.
    return sendEvents(c, logger, stream, (problem) => ({ event: 'error', data: problem })) as never;
  });
  return routes;
}

async function* toEvents(events: AsyncIterable<AnswerEvent>): AsyncGenerator<StreamEvent> {
  for await (const event of events) {
    if (event.type === 'text') yield { event: 'text', data: { text: event.text } };
    else yield { event: 'done', data: event.answer };
  }
}
