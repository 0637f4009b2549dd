/** A document as the catalog keeps it. How it changes is in document-transitions.ts. */
import type { PageCount } from '../documents/types.ts';

export type DocumentStatus = 'queued' | 'encoding' | 'ready' | 'failed' | 'deleting';

/** What its owner says of a document, for filters. */
export type Metadata = Record<string, string | number | boolean>;

/** What is true of a version that answers, while the row tells of another. */
export type ReadyFacts = Pick<
  DocumentRow,
  'title' | 'metadata' | 'mediaType' | 'bytes' | 'sha256' | 'pages' | 'passages' | 'tokens'
>;

export interface DocumentRow {
  id: string;
  tenant: string;
  collection: string;
  /** What the user calls it: a path or a file name. */
  name: string;
  title: string;
  metadata: Metadata;
  mediaType: string | null;
  bytes: number;
  sha256: string;
  /** Whether it is an object of the users' bucket, and goes with it. */
  followed?: boolean;
  status: DocumentStatus;
  /** The version that answers questions, and the one that is being made. */
  version: string | null;
  pending: string | null;
  /** Versions whose rows and blobs are still to be removed. */
  retiring: string[];
  /** Model, tokenizer, KV dtype and passage size that the ready, and the pending, version is made with. */
  fingerprint: string | null;
  pendingFingerprint: string | null;
  /** Facts of the ready version while another one is pending. */
  ready: ReadyFacts | null;
  /** Pages of the pending version, or else of the ready one; null: its format has none, or it was not read yet. */
  pages?: PageCount | null;
  /** Passages and tokens of the pending version, or else of the ready one; passages encoded so far. */
  passages: number;
  encoded: number;
  tokens: number;
  error: { code: string; message: string } | null;
  /** Milliseconds since the epoch. */
  created: number;
  updated: number;
}

/** Whether a document has a version, or still has to retire it: what else there is of its versions is left over. */
export function knowsVersion(document: DocumentRow | undefined, version: string): boolean {
  if (document === undefined) return false;
  return [document.version, document.pending, ...document.retiring].includes(version);
}
