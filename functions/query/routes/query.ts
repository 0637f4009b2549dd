/** POST /v1/query: a question, answered as JSON or as server-sent events. */
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Question } from '../../../shared/pipeline/answer.ts';
import { type Blockrag, DEFAULT_TENANT } from '../../../shared/pipeline/blockrag.ts';
import type { Logger } from '../../../shared/telemetry.ts';
import { toProblem } from '../problem.ts';
import { parseRequest, type QueryBody, querySchema } from '../schemas.ts';
import { readJson } from './documents.ts';

export function queryRoutes(blockrag: Blockrag, logger: Logger): Hono {
  const routes = new Hono();

  routes.post('/', async (c) => {
    const body = parseRequest(querySchema, await readJson(c.req.raw));
    const question = toQuestion(DEFAULT_TENANT, body);
    if (!body.stream) return c.json(await blockrag.ask(question, { signal: c.req.raw.signal }));
    return streamSSE(c, async (stream) => {
      const gone = new AbortController();
      stream.onAbort(() => gone.abort());
      const send = (event: string, data: unknown) => stream.writeSSE({ event, data: JSON.stringify(data) });
      // Pieces are written in order: each waits for the one before.
      let written = Promise.resolve();
      const onText = (text: string) => {
        written = written.then(() => send('text', { text }));
      };
      try {
        const answer = await blockrag.ask(question, { signal: gone.signal, onText });
        await written;
        await send('done', answer);
      } catch (error) {
        // The status is sent already: the stream itself must say that it failed.
        await written.catch(() => {});
        const problem = toProblem(error);
        if (problem.status >= 500) logger.error({ err: error, code: problem.code }, 'answer failed');
        await send('error', problem);
      }
    });
  });

  return routes;
}

export function toQuestion(tenant: string, body: QueryBody): Question {
  const { question, collection, attention, top_k, max_tokens, temperature, top_p, seed, stop } = body;
  return {
    tenant,
    question,
    collection,
    attention,
    topK: top_k,
    maxTokens: max_tokens,
    sampling: { temperature, topP: top_p, topK: body.top_sampling_k, seed },
    stop,
  };
}
