/** Counts documents, in the same way for a collection and for a whole tenant. */
import type { DocumentRow } from '../../catalog/catalog.ts';
import { answers } from '../question/answering.ts';

export interface DocumentCounts {
  documents: number;
  /** Those that answer questions. */
  ready: number;
  /** Of what answers questions. */
  passages: number;
  tokens: number;
  /** Of the ready ones, those that were made with other settings and are still to be made again. */
  outdated: number;
}

export const noDocuments = (): DocumentCounts => ({
  documents: 0,
  ready: 0,
  passages: 0,
  tokens: 0,
  outdated: 0,
});

/**
 * Adds a document to counts. While a new version is being made, what counts is the one that still answers.
 * @param fingerprint that of the opened model
 */
export function countDocument(counts: DocumentCounts, document: DocumentRow, fingerprint: string): void {
  if (document.status === 'deleting') return;
  counts.documents++;
  if (!answers(document, fingerprint)) return;
  const { passages, tokens } = document.ready ?? document;
  counts.ready++;
  counts.passages += passages;
  counts.tokens += tokens;
  if (document.fingerprint !== fingerprint) counts.outdated++;
}
