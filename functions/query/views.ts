/** How the API shows things: the REST routes and the command line give the same JSON. */
import type { DocumentRow } from '../../shared/storage/catalog.ts';

export interface DocumentView {
  id: string;
  collection: string;
  name: string;
  title: string;
  /** failed: see error; an earlier version may still answer (answers: true). */
  status: 'queued' | 'encoding' | 'ready' | 'failed';
  answers: boolean;
  passages: number;
  encoded: number;
  tokens: number;
  bytes: number;
  sha256: string;
  error: { code: string; message: string } | null;
  created_at: string;
  updated_at: string;
}

export function viewDocument(row: DocumentRow): DocumentView {
  const { id, collection, name, title, passages, encoded, tokens, bytes, sha256, error } = row;
  return {
    id,
    collection,
    name,
    title,
    status: row.status === 'deleting' ? 'failed' : row.status,
    answers: row.version !== null,
    passages,
    encoded,
    tokens,
    bytes,
    sha256,
    error,
    created_at: new Date(row.created).toISOString(),
    updated_at: new Date(row.updated).toISOString(),
  };
}
