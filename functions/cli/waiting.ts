/** Waiting for documents, with progress. */

import type { DocumentView } from '../../shared/api/views/document.ts';
import { BlockragError } from '../../shared/errors.ts';
import type { Client } from './client.ts';
import { ProgressLine } from './terminal.ts';

const POLL_MS = 200;

/** Follows documents until each is ready or failed; a newer upload of the same name counts as well. */
export async function waitFor(
  client: Client,
  views: readonly DocumentView[],
  quiet: boolean,
  signal: AbortSignal,
): Promise<DocumentView[]> {
  const progress = new ProgressLine({ quiet });
  try {
    for (;;) {
      const now = await Promise.all(views.map(async (view) => (await client.document(view.id)) ?? view));
      const passages = now.reduce((sum, { passages }) => sum + passages, 0);
      const encoded = now.reduce((sum, d) => sum + (d.status === 'ready' ? d.passages : d.encoded), 0);
      if (now.every(({ status }) => status === 'ready' || status === 'failed')) return now;
      const reading = now.some(({ status }) => status === 'queued');
      progress.update(reading ? 'reading' : 'encoding passages', encoded, passages || undefined);
      if (signal.aborted) {
        throw new BlockragError(
          'cancelled',
          'Stopped: what was added is kept, and encoding goes on with the next blockrag command.',
        );
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    progress.end();
  }
}
