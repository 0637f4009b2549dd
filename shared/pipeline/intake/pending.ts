/** The version of a document that is being made: whether it is still wanted, and how it ends. */
import type { Catalog, DocumentRow } from '../../catalog/catalog.ts';
import { failed } from '../../catalog/document-transitions.ts';
import type { BlockragError } from '../../errors.ts';
import type { Services } from '../services.ts';
import { retireAgainItem, retireItems, type VersionRef } from '../work/items.ts';

type DocumentsOnly = { catalog: Pick<Catalog, 'documents'> };

/** What failing a version works with. */
export type FailServices = Pick<Services, 'queue' | 'metrics' | 'logger'> & DocumentsOnly;

/** Marks a version as failed; an earlier ready version keeps answering. */
export async function failDocument(
  services: FailServices,
  ref: VersionRef,
  failure: BlockragError,
): Promise<void> {
  const { code, message } = failure;
  const row = await updatePending(services, ref, (current) => failed(current, { code, message }));
  if (row === undefined) return;
  services.metrics.documentFailed(failure);
  services.logger.warn({ document: ref.document, code }, 'document failed');
  await services.queue.send(retireItems(row));
}

/** Replaced or deleted while something of it was written: that goes the way of the rest. */
export async function retireLate(
  { queue }: Pick<Services, 'queue'>,
  { tenant, document, version }: VersionRef,
): Promise<void> {
  await queue.send([retireAgainItem({ tenant, document, version })]);
}

/** The document, if this version is still the one to be made. */
export async function pendingDocument(
  { catalog }: DocumentsOnly,
  ref: VersionRef,
): Promise<DocumentRow | undefined> {
  const document = await catalog.documents.get(ref.tenant, ref.document);
  return document?.pending === ref.version ? document : undefined;
}

/** Changes the document if this version is still the one to be made; else gives undefined. */
export async function updatePending(
  { catalog }: DocumentsOnly,
  ref: VersionRef,
  change: (document: DocumentRow) => DocumentRow,
): Promise<DocumentRow | undefined> {
  let changed = false;
  const row = await catalog.documents.update(ref.tenant, ref.document, (current) => {
    changed = current?.pending === ref.version;
    return changed ? change(current!) : undefined;
  });
  return changed ? row : undefined;
}
