/** A tenant that takes all that it gets: uploads, answers and streams of events, without a pause. */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventsOf, type Server } from '../../support/product/server.ts';
import { ANSWER_TOKENS, QUESTIONS, textOf } from './texts.ts';

/** How much of each kind is tried at the same time: more than one key may have. */
const UPLOADERS = 8;
const ASKERS = 40;
const WATCHERS = 80;
/** A client that was refused waits as long as it is told to at least. */
const REFUSED_MS = 1_000;

/** What came of the requests of a tenant. */
export class Outcomes {
  readonly statuses: Record<string, number> = {};
  /** Connections that ended without an answer. */
  broken = 0;

  count(status: number): void {
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
  }

  of(status: number): number {
    return this.statuses[status] ?? 0;
  }
}

/** Floods until the signal; resolves when all that was under way is broken off. */
export async function flood(server: Server, outcomes: Outcomes, stop: AbortSignal): Promise<void> {
  // One for each request.
  setMaxListeners(0, stop);
  const documents: string[] = [];
  let next = 0;
  const send = async (path: string, body: unknown): Promise<Response> => {
    const response = await server.post(path, body, stop);
    outcomes.count(response.status);
    if (!response.ok) {
      await response.text();
      await sleep(REFUSED_MS);
    }
    return response;
  };
  const upload = async () => {
    const number = next++;
    const response = await send('/v1/documents', { name: `flood-${number}.txt`, text: textOf(number) });
    if (response.ok) documents.push(((await response.json()) as { id: string }).id);
  };
  const ask = async () => {
    const question = QUESTIONS[next++ % QUESTIONS.length]!;
    const response = await send('/v1/query', { question, max_tokens: ANSWER_TOKENS.flood, stream: true });
    if (response.ok) for await (const _ of eventsOf(response));
  };
  const watch = async () => {
    const id = documents.at(-1 - (next % 4));
    if (id === undefined) return void (await sleep(REFUSED_MS, undefined, { signal: stop }));
    const response = await server.fetch(`/v1/documents/${id}/events`, { signal: stop });
    outcomes.count(response.status);
    if (response.ok) for await (const _ of eventsOf(response));
    else await sleep(REFUSED_MS);
  };
  const again = async (work: () => Promise<void>) => {
    while (!stop.aborted) {
      await work().catch(() => {
        if (!stop.aborted) outcomes.broken++;
      });
    }
  };
  const many = (count: number, work: () => Promise<void>) => Array.from({ length: count }, () => again(work));
  await Promise.all([...many(UPLOADERS, upload), ...many(ASKERS, ask), ...many(WATCHERS, watch)]);
}
