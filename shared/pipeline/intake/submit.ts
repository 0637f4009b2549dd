/** The first step for a new document: store its bytes, then write its row and a work item. */
import { createHash, randomBytes } from 'node:crypto';
import type { DocumentRow, Metadata } from '../../catalog/catalog.ts';
import { followed, takenIn } from '../../catalog/document-transitions.ts';
import { BlockragError } from '../../errors.ts';
import { checkMetadata, sameMetadata } from '../metadata.ts';
import type { Services } from '../services.ts';
import { ingestItem, retireItems } from '../work/items.ts';
import { withIdempotency } from './idempotency.ts';
import { originalPath } from './original.ts';
import { deleteOriginal, putSidecar } from './sidecar.ts';

/** The services that submitting a document needs. */
export type SubmitServices = Pick<
  Services,
  'access' | 'catalog' | 'blobs' | 'queue' | 'fingerprint' | 'maxDocumentBytes'
>;

export interface NewDocument {
  tenant: string;
  collection: string;
  name: string;
  mediaType: string | undefined;
  metadata?: Metadata | undefined;
  bytes: Uint8Array;
  /** Whether it is an object of the users' bucket, and is to go with it. */
  followed?: boolean | undefined;
  /** What becomes of another document of this name; `replace` unless told. The same one again is no other. */
  ifExists?: IfExists | undefined;
}

export type IfExists = 'replace' | 'error';

/** A document as it was taken in, and whether it took the place of another of its name. */
export type SubmittedRow = DocumentRow & { replaced: boolean };

/** The same name in the same collection is the same document: a new upload replaces it. */
export function documentId(tenant: string, collection: string, name: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([tenant, collection, name]))
    .digest('hex');
  return `doc_${hash.slice(0, 24)}`;
}

/**
 * Takes a document in; durable when it resolves. The same bytes with the same metadata change nothing; with other
 * metadata they are a new version, whose blobs are all there.
 * @throws BlockragError `document_empty`, `document_too_large`, `invalid_request` for wrong metadata, `storage_full`,
 *   `quota_exceeded`, `document_exists`
 */
export async function submitDocument(services: SubmitServices, upload: NewDocument): Promise<SubmittedRow> {
  const row = await acceptDocument(services, upload);
  if (row.status === 'queued' && row.pending !== null) {
    await services.queue.send([ingestItem({ tenant: row.tenant, document: row.id, version: row.pending })]);
  }
  return row;
}

/** The same without the work item, for a caller that calls `ingestVersion` right away. */
export async function acceptDocument(services: SubmitServices, upload: NewDocument): Promise<SubmittedRow> {
  const { access, catalog, blobs, queue, fingerprint, maxDocumentBytes } = services;
  const { tenant, collection, name, bytes } = upload;
  const metadata = checkMetadata(upload.metadata ?? {});
  if (bytes.length === 0) {
    throw new BlockragError('document_empty', `${name} is empty: there is nothing to read.`);
  }
  if (bytes.length > maxDocumentBytes) {
    throw new BlockragError(
      'document_too_large',
      `${name} has ${bytes.length} bytes; at most ${maxDocumentBytes} are read: split the document.`,
    );
  }
  const id = documentId(tenant, collection, name);
  const sha256 = await sha256InTurns(bytes);
  const known = await catalog.documents.get(tenant, id);
  if (known !== undefined && isCurrent(known, { sha256, metadata, fingerprint })) {
    if (!upload.followed || known.followed) return { ...known, replaced: false };
    const row = await catalog.documents.update(tenant, id, (row) => row && followed(row));
    return { ...(row ?? known), replaced: false };
  }
  if (upload.ifExists === 'error') refuseExisting(known, name);

  const version = `v${randomBytes(8).toString('hex')}`;
  await access.quotas.take({ tenant, document: id, version }, { bytes: bytes.length });
  const original = originalPath(tenant, id, version);
  const facts = {
    ...{ id, tenant, collection, name, metadata, sha256, version, fingerprint },
    mediaType: upload.mediaType ?? null,
    bytes: bytes.length,
    followed: upload.followed ?? false,
  };
  await blobs.put(original, bytes);
  const { fingerprint: _, ...told } = facts;
  await putSidecar(blobs, original, { ...told, uploaded: Date.now() });
  let isOther = false;
  const row = await catalog.documents
    .update(tenant, id, (current) => {
      // Another upload may have been faster.
      if (upload.ifExists === 'error') refuseExisting(current, name);
      isOther = isThere(current) && (current.sha256 !== sha256 || !sameMetadata(current.metadata, metadata));
      return takenIn(current, facts, Date.now());
    })
    .catch(async (error: unknown) => {
      // Nobody would know of the bytes.
      await deleteOriginal(blobs, original);
      await access.quotas.giveBack({ tenant, document: id, version });
      throw error;
    });
  await queue.send(retireItems(row!));
  return { ...row!, replaced: isOther };
}

function isThere(row: DocumentRow | undefined): row is DocumentRow {
  return row !== undefined && row.status !== 'deleting';
}

/** @throws BlockragError `document_exists` */
function refuseExisting(row: DocumentRow | undefined, name: string): void {
  if (!isThere(row)) return;
  throw new BlockragError(
    'document_exists',
    `There is another document ${name} already: choose another name.`,
  );
}

/** SHA-256 of a large upload without holding the event loop: 4 MiB are some 3 ms. */
export async function sha256InTurns(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += 4 * 1024 * 1024) {
    hash.update(bytes.subarray(at, at + 4 * 1024 * 1024));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return hash.digest('hex');
}

function isCurrent(
  known: DocumentRow,
  { sha256, metadata, fingerprint }: { sha256: string; metadata: Metadata; fingerprint: string },
): boolean {
  if (known.sha256 !== sha256 || known.status === 'failed' || known.status === 'deleting') return false;
  if (!sameMetadata(known.metadata, metadata)) return false;
  return (known.pending === null ? known.fingerprint : known.pendingFingerprint) === fingerprint;
}

/**
 * Takes a document in once: the same request with the same key gives the document, as it is now.
 * @throws BlockragError `idempotency_mismatch`, `conflict` while the first request is still running,
 *   `document_not_found` when the document was deleted meanwhile, and those of `submitDocument`
 */
export async function submitOnce(
  services: SubmitServices,
  upload: NewDocument,
  key: string,
): Promise<SubmittedRow> {
  const { tenant, collection, name, mediaType, metadata = {}, bytes, ifExists } = upload;
  const facts = [collection, name, mediaType ?? null, Object.entries(metadata).sort()];
  if (ifExists === 'error') facts.push(ifExists);
  const fingerprint = JSON.stringify(['document', ...facts, await sha256InTurns(bytes)]);
  const { catalog } = services;
  // The id only: a row holds the document's title, which must not outlast the document.
  const request = { tenant, key, fingerprint };
  const done = await withIdempotency<string | { id: string; replaced: boolean }>(
    catalog.table,
    request,
    async () => {
      const { id, replaced } = await submitDocument(services, upload);
      return { id, replaced };
    },
  );
  // Until version 0.1 the id alone was kept.
  const { id, replaced } = typeof done === 'string' ? { id: done, replaced: false } : done;
  const row = await catalog.documents.get(tenant, id);
  if (isThere(row)) return { ...row, replaced };
  throw new BlockragError(
    'document_not_found',
    `The document ${id} was deleted after this request was done.`,
  );
}
