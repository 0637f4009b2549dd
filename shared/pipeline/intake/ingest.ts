/**
 * The second step for a new document, after submit.ts: it is parsed and split into passages. The third step, in
 * encode.ts, turns the passages into KV blobs and indexes the document when the last blob is durable.
 * Every step can be repeated safely: results that exist are not made twice.
 */
import { read } from '../../catalog/document-transitions.ts';
import type { PassageRow } from '../../catalog/passages.ts';
import type { ReadProgress } from '../../documents/index.ts';
import { BlockragError, toBlockragError } from '../../errors.ts';
import type { Services } from '../services.ts';
import { keyOf } from '../stored-kv/location.ts';
import { encodeItems, type VersionRef } from '../work/items.ts';
import { ownDocument } from './make-again.ts';
import { originalPath } from './original.ts';
import { type FailServices, failDocument, retireLate, updatePending } from './pending.ts';
import type { SubmitServices } from './submit.ts';

/** The services that reading a version needs. */
export type IngestServices = FailServices &
  SubmitServices &
  Pick<Services, 'reader' | 'model' | 'tokenizer' | 'dtype'>;

/** Parses and splits a version, writes its passages, and sends the work of encoding them. */
export async function ingestVersion(
  services: IngestServices,
  ref: VersionRef,
  signal: AbortSignal,
): Promise<void> {
  const { access, catalog, blobs, queue, reader, logger } = services;
  const { tenant, document: id, version } = ref;
  const document = await ownDocument(services, ref);
  if (document === undefined) return;
  const bytes = await blobs.get(originalPath(tenant, id, version));
  if (bytes === undefined)
    throw new BlockragError('storage_failed', `The upload of ${document.name} is gone.`);
  let parsed: Awaited<ReturnType<typeof reader.read>>;
  try {
    const mediaType = document.mediaType ?? undefined;
    const log = (progress: ReadProgress) => logger.info({ document: id, ...progress }, 'pages recognised');
    parsed = await reader.read(bytes, { name: document.name, mediaType }, signal, log, tenant);
    await access.quotas.amend(ref, { passages: parsed.passages.length });
  } catch (error) {
    const failure = toBlockragError(error);
    // The document's own fault stays; ours (a dead thread, a cancelled run) is tried again.
    if (!failure.code.startsWith('document_') && failure.code !== 'quota_exceeded') throw failure;
    await failDocument(services, ref, failure);
    return;
  }
  const passages = parsed.passages.map((passage, index): PassageRow => {
    const { title, text, tokens, page = null, pageEnd = page } = passage;
    return { index, title, text, page, pageEnd, tokens, blobKey: keyOf(services, tenant, tokens) };
  });
  await catalog.passages.put(id, version, passages);
  const tokens = passages.reduce((sum, passage) => sum + passage.tokens.length, 0);
  const facts = { title: parsed.title, pages: parsed.pages ?? null, passages: passages.length, tokens };
  const row = await updatePending(services, ref, (current) => read(current, facts));
  if (row === undefined) return retireLate(services, ref);
  await queue.send(encodeItems(ref, passages.length));
}
