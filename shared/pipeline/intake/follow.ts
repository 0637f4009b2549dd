/** Follows the objects that users put into a bucket, in whatever order the bucket's events arrive. */
import type { Metadata } from '../../catalog/catalog.ts';
import { refused } from '../../catalog/document-transitions.ts';
import { BlockragError, type ErrorCode, toBlockragError } from '../../errors.ts';
import type { DocumentSource, SourceObject } from '../../storage/ports.ts';
import { type ForgetServices, forgetDocument } from '../removal/retire.ts';
import { retireItems } from '../work/items.ts';
import { type IngestServices, ingestVersion } from './ingest.ts';
import { parseSourceKey, type SourceName } from './source-name.ts';
import { acceptDocument, documentId, type SubmitServices } from './submit.ts';

/** What following works with. */
export type FollowServices = SubmitServices & IngestServices & ForgetServices;

/** How often an object may change while it is taken in, before the event is left for later. */
const MAX_ROUNDS = 5;
/** Beside those of documents: no room for this tenant, and metadata that are none. */
const FOR_GOOD: ReadonlySet<ErrorCode> = new Set(['quota_exceeded', 'invalid_request']);

/**
 * Brings a document to what its object is now: taken in, replaced, or removed. What an event says happened does not
 * matter, so duplicates and events in the wrong order do no harm.
 *
 * @returns passages that are to be encoded; 0 when there is nothing to do
 * @throws BlockragError `invalid_request` for a wrong name, `conflict` for an object that changes all the time, and
 *   those of the stores: the event must be delivered again. What is wrong with a document is recorded in its row.
 */
export async function followObject(
  services: FollowServices,
  source: DocumentSource,
  key: string,
  signal: AbortSignal,
): Promise<number> {
  // A folder, as the console of S3 makes them.
  if (key.endsWith('/')) return 0;
  const name = parseSourceKey(key);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const object = await source.read(key);
    let passages = 0;
    if (object === undefined) await forgetFollowed(services, name);
    else passages = await takeInOrRefuse(services, name, object, signal);
    // Another event may have read the object later, and written earlier.
    if ((await source.etag(key)) === object?.etag) return passages;
  }
  throw new BlockragError('conflict', 'The object changes while it is read.');
}

async function takeInOrRefuse(
  services: FollowServices,
  name: SourceName,
  object: SourceObject,
  signal: AbortSignal,
): Promise<number> {
  try {
    return await takeIn(services, name, object, signal);
  } catch (thrown) {
    const error = toBlockragError(thrown);
    // It would fail again; the rest is tried again.
    const forGood = error.code.startsWith('document_') || FOR_GOOD.has(error.code);
    if (!forGood) throw thrown;
    await refuse(services, name, object, error);
    return 0;
  }
}

async function takeIn(
  services: FollowServices,
  name: SourceName,
  { bytes, size, mediaType, metadata }: SourceObject,
  signal: AbortSignal,
): Promise<number> {
  if (bytes === undefined) {
    throw new BlockragError(
      'document_too_large',
      `${name.name} has ${size} bytes; at most ${services.maxDocumentBytes} are read: split the document.`,
    );
  }
  // S3's default says nothing about the content.
  const known = mediaType === 'application/octet-stream' || mediaType === 'binary/octet-stream';
  const row = await acceptDocument(services, {
    ...name,
    followed: true,
    mediaType: known ? undefined : mediaType,
    metadata: metadata as Metadata | undefined,
    bytes,
  });
  if (row.pending === null) return 0;
  const ref = { tenant: name.tenant, document: row.id, version: row.pending };
  if (row.status === 'queued') await ingestVersion(services, ref, signal);
  const now = await services.catalog.documents.get(name.tenant, row.id);
  return now?.pending === row.pending && now.status === 'encoding' ? now.passages : 0;
}

/** What cannot become a document has a row that says why; a version that was ready goes on answering. */
async function refuse(
  { catalog, metrics, queue }: FollowServices,
  { tenant, collection, name }: SourceName,
  { size }: SourceObject,
  error: BlockragError,
): Promise<void> {
  const { code, message } = error;
  const object = { id: documentId(tenant, collection, name), tenant, collection, name, bytes: size };
  const row = await catalog.documents.update(tenant, object.id, (current) =>
    refused(current, object, { code, message }, Date.now()),
  );
  metrics.documentFailed(error);
  await queue.send(retireItems(row!));
}

/** The document of an object that is gone. One of this name that was uploaded to the API since is another's. */
async function forgetFollowed(
  services: FollowServices,
  { tenant, collection, name }: SourceName,
): Promise<void> {
  await forgetDocument(
    services,
    tenant,
    documentId(tenant, collection, name),
    ({ followed }) => followed === true,
  );
}
