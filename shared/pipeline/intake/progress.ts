/** A document's progress as it happens. */
import type { Catalog, DocumentRow } from '../../catalog/catalog.ts';
import { BlockragError } from '../../errors.ts';

/** How late a change made by another process is seen at most. */
const POLL_MS = 1_000;

/**
 * Gives the document's row now, and whenever its status or its number of encoded passages has changed. The last
 * row has the status `ready`, `failed`, or `deleting` when it was removed. An abort ends it too.
 * @throws BlockragError `document_not_found`
 */
export async function* watchDocument(
  { catalog }: { catalog: Pick<Catalog, 'documents'> },
  tenant: string,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<DocumentRow, void, undefined> {
  let last: DocumentRow | undefined;
  while (!signal.aborted) {
    // Before the row is read: a change between the two must not be missed.
    const looked = new AbortController();
    const change = catalog.documents.changed.wait(
      Date.now() + POLL_MS,
      AbortSignal.any([signal, looked.signal]),
    );
    try {
      const document = await catalog.documents.get(tenant, id);
      if (document === undefined || document.status === 'deleting') {
        if (last === undefined) throw new BlockragError('document_not_found', `There is no document ${id}.`);
        yield { ...last, status: 'deleting' };
        return;
      }
      if (document.status !== last?.status || document.encoded !== last.encoded) yield document;
      if (document.status === 'ready' || document.status === 'failed') return;
      last = document;
      await change;
    } finally {
      looked.abort();
    }
  }
}
