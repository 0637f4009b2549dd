/** Makes a document again with the settings of this process. */
import type { DocumentRow } from '../../catalog/catalog.ts';
import { originalLost } from '../../catalog/document-transitions.ts';
import type { VersionRef } from '../work/items.ts';
import { originalPath } from './original.ts';
import { pendingDocument } from './pending.ts';
import { type SubmitServices, submitDocument } from './submit.ts';

/**
 * Sends a document through ingestion again, from its original bytes; what is ready of it goes on answering.
 * @returns false when its original is gone, which its row says then
 */
export async function makeAgain(services: SubmitServices, document: DocumentRow): Promise<boolean> {
  const { catalog, blobs } = services;
  const { id, tenant, name, collection, metadata, followed, version, pending } = document;
  const bytes = await blobs.get(originalPath(tenant, id, (pending ?? version)!));
  if (bytes === undefined) {
    const message = `The original of ${name} is gone: add it again.`;
    await catalog.documents.update(tenant, id, (current) => current && originalLost(current, message));
    return false;
  }
  const mediaType = document.mediaType ?? undefined;
  await submitDocument(services, { tenant, collection, name, metadata, mediaType, followed, bytes });
  return true;
}

/** Thrown for work that a process with the settings that the stores remember is to do. */
export class LeftToOthers extends Error {}

/**
 * The document, if this version is still the one to be made, and was begun with the settings of this process: a version
 * must not be of two. One that was begun with others is made again from the start.
 * @throws LeftToOthers when the stores remember other settings than this process has: it was opened before they were
 *   changed, or only answers with its own
 */
export async function ownDocument(
  services: SubmitServices,
  ref: VersionRef,
): Promise<DocumentRow | undefined> {
  const document = await pendingDocument(services, ref);
  if (document === undefined || document.pendingFingerprint === services.fingerprint) return document;
  const remembered = await services.catalog.settings.get();
  if (remembered !== undefined && remembered.fingerprint !== services.fingerprint) throw new LeftToOthers();
  await makeAgain(services, document);
  return undefined;
}
