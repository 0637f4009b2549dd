/** A document's first step in: its bytes are stored, its row and a work item are written. */
import { createHash, randomBytes } from 'node:crypto';
import { BlockragError } from '../errors.ts';
import type { DocumentRow } from '../storage/catalog.ts';
import type { RowData } from '../storage/ports.ts';
import { retireItems } from './retire.ts';
import { originalPath, type Services, type VersionRef } from './services.ts';

export interface NewDocument {
  tenant: string;
  collection: string;
  name: string;
  mediaType: string | undefined;
  bytes: Uint8Array;
}

/** The same name in the same collection is the same document: a new upload replaces it. */
function documentId(tenant: string, collection: string, name: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([tenant, collection, name]))
    .digest('hex');
  return `doc_${hash.slice(0, 24)}`;
}

/**
 * Takes a document in; durable when it resolves. The same bytes again change nothing.
 * @throws BlockragError `document_empty`, `document_too_large`, `storage_full`
 */
export async function submitDocument(services: Services, upload: NewDocument): Promise<DocumentRow> {
  const { catalog, blobs, queue, fingerprint, maxDocumentBytes } = services;
  const { tenant, collection, name, bytes } = upload;
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
  const known = await catalog.document(tenant, id);
  if (known !== undefined && isCurrent(known, sha256, fingerprint)) return known;

  const version = `v${randomBytes(8).toString('hex')}`;
  await blobs.put(originalPath(tenant, id, version), bytes);
  const row = await catalog
    .updateDocument(tenant, id, (current) => ({
      id,
      tenant,
      collection,
      name,
      title: current?.title ?? name,
      mediaType: upload.mediaType ?? null,
      bytes: bytes.length,
      sha256,
      status: 'queued',
      version: current?.version ?? null,
      pending: version,
      // What was still being made of an earlier upload is overtaken.
      retiring: [...(current?.retiring ?? []), ...(current?.pending ? [current.pending] : [])],
      fingerprint: current?.fingerprint ?? null,
      pendingFingerprint: fingerprint,
      passages: 0,
      encoded: 0,
      tokens: 0,
      // What is true of the ready version, should this one fail.
      ready:
        current?.version != null && current.pending === null ? readyFacts(current) : (current?.ready ?? null),
      error: null,
      created: current?.created ?? Date.now(),
      updated: Date.now(),
    }))
    .catch(async (error: unknown) => {
      // Nobody would know of the bytes.
      await blobs.delete(originalPath(tenant, id, version));
      throw error;
    });
  await queue.send([ingestItem({ tenant, document: id, version }), ...retireItems(row!)]);
  return row!;
}

function readyFacts({
  title,
  mediaType,
  bytes,
  sha256,
  passages,
  tokens,
}: DocumentRow): DocumentRow['ready'] {
  return { title, mediaType, bytes, sha256, passages, tokens };
}

/** SHA-256 of a large upload without holding the event loop: 4 MiB are some 3 ms. */
async function sha256InTurns(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += 4 * 1024 * 1024) {
    hash.update(bytes.subarray(at, at + 4 * 1024 * 1024));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return hash.digest('hex');
}

function isCurrent(known: DocumentRow, sha256: string, fingerprint: string): boolean {
  if (known.sha256 !== sha256 || known.status === 'failed' || known.status === 'deleting') return false;
  return (known.pending === null ? known.fingerprint : known.pendingFingerprint) === fingerprint;
}

export function ingestItem(ref: VersionRef): { id: string; body: RowData } {
  return { id: `ingest/${ref.document}/${ref.version}`, body: { ...ref, kind: 'ingest' } };
}
