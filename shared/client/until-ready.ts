import type { DocumentEvent, DocumentView } from '../api/views/document.ts';
import { BlockragError, ERROR_STATUS, type ErrorCode } from '../errors.ts';

/**
 * Follows a document's events until it answers questions.
 * @throws BlockragError with the document's own code when it failed, `document_not_found` when it was removed
 */
export async function untilReady(events: AsyncIterable<DocumentEvent>): Promise<DocumentView> {
  for await (const { type, document } of events) {
    if (type === 'ready') return document;
    if (type === 'failed') throw failureOf(document);
  }
  throw new BlockragError('document_not_found', 'The document was removed before it was ready.');
}

function failureOf({ name, error }: DocumentView): BlockragError {
  const code =
    error !== null && Object.hasOwn(ERROR_STATUS, error.code) ? (error.code as ErrorCode) : 'internal';
  return new BlockragError(code, error?.message ?? `${name} could not be read.`);
}
