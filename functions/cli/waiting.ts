/** Waiting for documents, with progress. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DocumentView } from '../../shared/api/views/document.ts';
import { BlockragError, type ErrorCode, toBlockragError } from '../../shared/errors.ts';
import type { Client } from './client-interface.ts';
import { ProgressLine } from './terminal.ts';

/** Documents followed at once: each is a connection to the server, or a reader of the catalog. */
const AT_ONCE = 8;
/** Pauses before a connection that was lost is tried again. An event in between makes them start anew. */
const PAUSES_MS = [200, 500, 1_000, 2_000];
const PASSING: readonly ErrorCode[] = ['server_unreachable', 'shutting_down', 'overloaded'];

/**
 * Follows documents until each is ready or has failed; a newer upload of the same name counts as well, and one that is
 * removed meanwhile has failed.
 * @returns the documents as they are then, in the same order
 * @throws BlockragError `cancelled` once the signal is aborted; `server_unreachable`, `shutting_down` where the server
 *   does not come back
 */
export async function waitFor(
  client: Pick<Client, 'watch'>,
  views: readonly DocumentView[],
  quiet: boolean,
  signal: AbortSignal,
): Promise<DocumentView[]> {
  const progress = new ProgressLine({ quiet });
  const now = [...views];
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const waiting = now.flatMap((view, i) => (isSettled(view) ? [] : [i])).values();
  const follow = async () => {
    for (const i of waiting) {
      for await (const view of viewsOf(client, now[i]!, either)) {
        now[i] = view;
        draw(progress, now);
      }
    }
  };
  let problem: unknown;
  const followUntilFailure = () =>
    follow().catch((error: unknown) => {
      problem ??= error;
      failed.abort();
    });
  try {
    if (!now.every(isSettled)) draw(progress, now);
    await Promise.all(Array.from({ length: AT_ONCE }, followUntilFailure));
  } finally {
    progress.end();
  }
  if (signal.aborted && !now.every(isSettled)) {
    throw new BlockragError(
      'cancelled',
      'Stopped: what was added is kept, and encoding goes on with the next blockrag command.',
    );
  }
  if (problem !== undefined) throw problem;
  return now;
}

const isSettled = ({ status }: DocumentView) => status === 'ready' || status === 'failed';

function draw(progress: ProgressLine, views: readonly DocumentView[]): void {
  const passages = views.reduce((sum, view) => sum + view.passages, 0);
  const encoded = views.reduce(
    (sum, view) => sum + (view.status === 'ready' ? view.passages : view.encoded),
    0,
  );
  const reading = views.some(({ status }) => status === 'queued');
  progress.update(reading ? 'reading' : 'encoding passages', encoded, passages || undefined);
}

/** A document as its events tell of it, until it is settled; a lost connection is tried again. */
async function* viewsOf(
  client: Pick<Client, 'watch'>,
  view: DocumentView,
  signal: AbortSignal,
): AsyncGenerator<DocumentView, void, undefined> {
  for (let failures = 0; ; failures++) {
    try {
      for await (const { type, document } of client.watch(view.id, { signal })) {
        failures = 0;
        yield type === 'removed' ? removed(document) : document;
      }
      return;
    } catch (thrown) {
      const error = toBlockragError(thrown);
      if (error.code === 'document_not_found') {
        yield removed(view);
        return;
      }
      if (!PASSING.includes(error.code)) throw thrown;
      if (failures === PAUSES_MS.length) {
        const message = `${error.message} What was added is kept: "blockrag documents" shows how far it is.`;
        throw new BlockragError(error.code, message, { cause: error });
      }
      await sleep(PAUSES_MS[failures], undefined, { signal });
    }
  }
}

function removed(view: DocumentView): DocumentView {
  const message = `${view.name} was removed before it was ready.`;
  return { ...view, status: 'failed', error: { code: 'document_not_found', message } };
}
