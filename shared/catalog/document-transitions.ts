/**
 * How a document's row changes from upload to removal, as pure functions from row to row.
 *
 * A version is in one place at a time: it is `pending` while it is made, `version` while it answers questions, and in
 * `retiring` from when it is replaced, has failed or is deleted until nothing of it is left. The caller that writes the
 * new row must also send the work of removing the versions in `retiring`.
 *
 *   takenIn -> read -> progressed ... -> ready      failed, refused and forgotten from anywhere
 *
 * The catalog itself records when a row changed (`updated`).
 */
import { BlockragError } from '../errors.ts';
import type { DocumentRow, ReadyFacts } from './document-row.ts';

/** What is known of an upload before it is read. */
export type UploadFacts = Pick<
  DocumentRow,
  'id' | 'tenant' | 'collection' | 'name' | 'metadata' | 'mediaType' | 'bytes' | 'sha256'
> & {
  followed: boolean;
  /** The version that is to be made of it, and what with. */
  version: string;
  fingerprint: string;
};

/** A new document, or a new upload of one: the version that is ready goes on answering while this one is made. */
export function takenIn(current: DocumentRow | undefined, upload: UploadFacts, now: number): DocumentRow {
  const { version, fingerprint, ...facts } = upload;
  return {
    ...facts,
    title: current?.title ?? facts.name,
    status: 'queued',
    version: current?.version ?? null,
    pending: version,
    // What was still being made of an earlier upload is overtaken.
    retiring: withoutPending(current),
    fingerprint: current?.fingerprint ?? null,
    pendingFingerprint: fingerprint,
    pages: null,
    passages: 0,
    encoded: 0,
    tokens: 0,
    // What is true of the ready version, should this one fail.
    ready:
      current?.version != null && current.pending === null ? readyFacts(current) : (current?.ready ?? null),
    error: null,
    created: current?.created ?? now,
    updated: now,
  };
}

/** What was uploaded is an object of the users' bucket too, and goes with it from now on. */
export function followed(row: DocumentRow): DocumentRow {
  return { ...row, followed: true };
}

/** The pending version was read: what it consists of is known, and is encoded now. */
export function read(
  row: DocumentRow,
  { title, pages = null, passages, tokens }: Pick<DocumentRow, 'title' | 'pages' | 'passages' | 'tokens'>,
): DocumentRow {
  return { ...row, title, status: 'encoding', pages, passages, encoded: 0, tokens };
}

/** So many passages of the pending version are encoded. Another batch may have counted later and written earlier. */
export function progressed(row: DocumentRow, encoded: number): DocumentRow {
  return { ...row, encoded: Math.max(row.encoded, encoded) };
}

/** The pending version answers from now on, and retires the one before. */
export function ready(row: DocumentRow, fingerprint: string): DocumentRow {
  if (row.pending === null) throw new BlockragError('internal', 'No version of the document is being made.');
  return {
    ...row,
    status: 'ready',
    version: row.pending,
    pending: null,
    fingerprint,
    ready: null,
    error: null,
    retiring: row.version === null ? row.retiring : [...row.retiring, row.version],
  };
}

/** The pending version cannot be made; an earlier ready version keeps answering. */
export function failed(row: DocumentRow, error: DocumentRow['error']): DocumentRow {
  return {
    ...row,
    ...row.ready,
    ready: null,
    status: 'failed',
    error,
    pending: null,
    retiring: withoutPending(row),
  };
}

/** The original bytes are gone, so that no new version can be made of them. */
export function originalLost(row: DocumentRow, message: string): DocumentRow {
  return { ...row, status: 'failed', error: { code: 'storage_failed', message } };
}

/**
 * What was put into the users' bucket cannot become a document: it has a row that says why. A version that was ready
 * goes on answering.
 */
export function refused(
  current: DocumentRow | undefined,
  object: Pick<DocumentRow, 'id' | 'tenant' | 'collection' | 'name' | 'bytes'>,
  error: DocumentRow['error'],
  now: number,
): DocumentRow {
  const known = current?.version ? { ...current, ...current.ready } : undefined;
  const unknown = {
    ...{ ...object, title: object.name, metadata: {}, mediaType: null, sha256: '' },
    ...{ version: null, fingerprint: null, pendingFingerprint: null, passages: 0, encoded: 0, tokens: 0 },
    created: current?.created ?? now,
  };
  return {
    ...(known ?? unknown),
    followed: true,
    ready: null,
    pending: null,
    retiring: withoutPending(current),
    status: 'failed',
    error,
    updated: now,
  };
}

/** Deleted by its owner. The row stays until all is retired; what the user wrote in it goes now. */
export function forgotten(row: DocumentRow): DocumentRow {
  const versions = [row.version, row.pending].filter((version) => version !== null);
  return {
    ...row,
    status: 'deleting',
    name: '',
    title: '',
    metadata: {},
    error: null,
    ready: null,
    version: null,
    pending: null,
    retiring: [...new Set([...row.retiring, ...versions])],
  };
}

/** Nothing is left of a version; null when nothing is left of the document either. */
export function retired(row: DocumentRow, version: string): DocumentRow | null {
  return gone({ ...row, retiring: row.retiring.filter((other) => other !== version) });
}

/** The row as it is, or null (delete it) when a deleted document has nothing left to retire. */
export function gone(row: DocumentRow): DocumentRow | null {
  return row.status === 'deleting' && row.retiring.length === 0 ? null : row;
}

function withoutPending(row: DocumentRow | undefined): string[] {
  return [...(row?.retiring ?? []), ...(row?.pending ? [row.pending] : [])];
}

function readyFacts(row: DocumentRow): ReadyFacts {
  const { title, metadata, mediaType, bytes, sha256, pages = null, passages, tokens } = row;
  return { title, metadata, mediaType, bytes, sha256, pages, passages, tokens };
}
