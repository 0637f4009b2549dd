/** GET /v1/documents/{id}/events: a document's progress as server-sent events. */
import { createRoute } from '@hono/zod-openapi';
import type { DocumentRow } from '../../../catalog/catalog.ts';
import { BlockragError } from '../../../errors.ts';
import type { System } from '../../../pipeline/system.ts';
import type { Logger } from '../../../telemetry.ts';
import { type StreamEvent, sendEvents } from '../../event-stream.ts';
import { type Api, access, events, newRoutes, problems } from '../../route.ts';
import { documentIdSchema, viewEvent } from '../../views/document.ts';

const follow = createRoute({
  method: 'get',
  path: '/v1/documents/{id}/events',
  tags: ['documents'],
  summary: "Follow a document's progress",
  description:
    'Events "progress", then one of "ready", "failed" or "removed", each with the document; or "error" with a problem. A stream that ends with "progress" says in "retry" when to ask again.',
  ...access('read'),
  request: { params: documentIdSchema },
  responses: {
    200: { description: 'The events.', content: events('progress', 'ready', 'failed', 'removed', 'error') },
    ...problems('document_not_found'),
  },
});

/** After which a client asks again, in milliseconds. */
const RETRY_MS = 2_000;

const lateAfter = (ms: number) => (ms === 0 ? AbortSignal.abort() : AbortSignal.timeout(ms));

export function eventRoutes(system: System, stopping: AbortSignal, logger: Logger): Api {
  const routes = newRoutes();
  routes.openapi(follow, async (c) => {
    const { tenant } = c.get('caller');
    const { watchMs } = system.config;
    const late = watchMs === undefined ? undefined : lateAfter(watchMs);
    const signal = AbortSignal.any([c.get('left').signal, stopping, ...(watchMs ? [late!] : [])]);
    const rows = system.watch(tenant, c.req.valid('param').id, signal);
    // What is not there is answered with 404, not with a stream.
    const first = await rows.next();
    const stream = toEvents(first, rows, late);
    return sendEvents(c, logger, stream, (problem) => ({ event: 'error', data: problem })) as never;
  });
  return routes;
}

async function* toEvents(
  first: IteratorResult<DocumentRow, void>,
  rows: AsyncIterator<DocumentRow, void>,
  late: AbortSignal | undefined,
): AsyncGenerator<StreamEvent> {
  let ended = false;
  for (let next = first; !next.done; next = await rows.next()) {
    const { type, document } = viewEvent(next.value);
    ended = type !== 'progress';
    yield { event: type, data: document, ...(late !== undefined && !ended && { retry: RETRY_MS }) };
    if (late?.aborted) return void (await rows.return?.());
  }
  // Clients of events ask again by themselves, and so does ours.
  if (late?.aborted) return;
  if (!ended) throw new BlockragError('shutting_down', 'The server is stopping: ask again soon.');
}
