/** Counts documents, in the same way for a collection and for a whole tenant. */
import type { DocumentRow } from '../../catalog/catalog.ts';

export interface DocumentCounts {
  documents: number;
  /** Those that answer questions. */
  ready: number;
  /** Of what answers questions. */
  passages: number;
  tokens: number;
}

export const noDocuments = (): DocumentCounts => ({ documents: 0, ready: 0, passages: 0, tokens: 0 });

/**
 * Adds a document to counts. While a new version is being made, what counts is the one that still answers.
 * @param fingerprint that of the opened model: what was made with another one answers nothing
 */
export function countDocument(counts: DocumentCounts, document: DocumentRow, fingerprint: string): void {
  if (document.status === 'deleting') return;
  counts.documents++;
  if (document.version === null || document.fingerprint !== fingerprint) return;
  const { passages, tokens } = document.ready ?? document;
  counts.ready++;
  counts.passages += passages;
  counts.tokens += tokens;
}
