/** A document's way out: replaced and deleted versions leave the index, the catalog and the blob store. */
import { randomBytes } from 'node:crypto';
import type { DocumentRow } from '../../catalog/catalog.ts';
import { BlockragError } from '../../errors.ts';
import type { RowData } from '../../storage/ports.ts';
import { sourceKey } from '../intake/source-name.ts';
import { originalPath, type Services, type VersionRef } from '../services.ts';
import { removeKv } from '../stored-kv/store-kv.ts';
import { ERASE_ITEM } from '../work/tidy.ts';

/** Work items for all that a document has to retire. */
export function retireItems({ tenant, id, retiring }: DocumentRow): { id: string; body: RowData }[] {
  return retiring.map((version) => retireItem({ tenant, document: id, version }));
}

export function retireItem({ tenant, document, version }: VersionRef): { id: string; body: RowData } {
  return { id: `retire/${document}/${version}`, body: { kind: 'retire', tenant, document, version } };
}

/** The same for whoever has written something of a version that is retired: an earlier item may be in hand by now. */
export function retireAgainItem(ref: VersionRef): { id: string; body: RowData } {
  const { id, body } = retireItem(ref);
  return { id: `${id}/${randomBytes(4).toString('hex')}`, body };
}

/**
 * Deletes a document for its owner, and the object that it may have come from: it answers no question from now on,
 * and its text leaves every store in the background.
 * @throws BlockragError `document_not_found`
 */
export async function removeDocument(services: Services, tenant: string, id: string): Promise<void> {
  const row = await services.catalog.document(tenant, id);
  if (row === undefined || row.status === 'deleting') {
    throw new BlockragError('document_not_found', `There is no document ${id}.`);
  }
  // First: should we be killed now, what follows the bucket does the rest.
  await deleteSource(services, row);
  await forgetDocument(services, tenant, id);
}

async function deleteSource({ documents }: Services, row: DocumentRow): Promise<void> {
  const key = sourceKey(row);
  // A versioned bucket would mark as deleted, and tell of, what was never there.
  if ((await documents?.etag(key)) !== undefined) await documents?.delete(key);
}

/** Deletes a document if it is there and `applies`; its object stays or is gone already. */
export async function forgetDocument(
  services: Services,
  tenant: string,
  id: string,
  applies: (document: DocumentRow) => boolean = () => true,
): Promise<void> {
  const { catalog, queue } = services;
  let forgotten = false;
  const row = await catalog.updateDocument(tenant, id, (current) => {
    forgotten = current !== undefined && current.status !== 'deleting' && applies(current);
    if (!forgotten || current === undefined) return undefined;
    const versions = [current.version, current.pending].filter((version) => version !== null);
    return {
      ...current,
      status: 'deleting',
      // The row stays until all is retired; what the user wrote in it goes now.
      name: '',
      title: '',
      metadata: {},
      error: null,
      ready: null,
      version: null,
      pending: null,
      retiring: [...new Set([...current.retiring, ...versions])],
    };
  });
  if (!forgotten || row === undefined) return;
  const items = retireItems(row);
  if (items.length === 0) await catalog.updateDocument(tenant, id, gone);
  await queue.send(items.length > 0 ? items : [ERASE_ITEM]);
}

/**
 * Removes one version from index, blobs, catalog and originals; may be run again. The index's files hold the
 * text until they are compacted (PassageIndex.optimize), and the catalog until its free pages are overwritten
 * (Table.scrub): the erase item does both.
 */
export async function retireVersion(services: Services, ref: VersionRef): Promise<void> {
  const { access, catalog, blobs, index, queue } = services;
  const { tenant, document: id, version } = ref;
  const document = await catalog.document(tenant, id);
  if (document?.version === version || document?.pending === version) return;
  await index.remove(id, version);
  const { uses, unused } = await catalog.dropVersion(id, version);
  for (const key of unused) await removeKv(services, { tenant, key });
  await catalog.endUses(uses);
  await catalog.deletePassages(id, version);
  await blobs.delete(originalPath(tenant, id, version));
  await access.quotas.giveBack(ref);
  // Sent before the row forgets the version, so that a killed process leaves one of the two.
  await queue.send([ERASE_ITEM]);
  await catalog.updateDocument(tenant, id, (current) => {
    if (current === undefined) return undefined;
    return gone({ ...current, retiring: current.retiring.filter((other) => other !== version) });
  });
}

/** Whether a document has a version, or still has to retire it: what else there is of its versions is left over. */
export function knowsVersion(document: DocumentRow | undefined, version: string): boolean {
  if (document === undefined) return false;
  return [document.version, document.pending, ...document.retiring].includes(version);
}

/** The row as it is, or null (delete it) when a deleted document has nothing left to retire. */
export function gone(document: DocumentRow | undefined): DocumentRow | null | undefined {
  return document?.status === 'deleting' && document.retiring.length === 0 ? null : document;
}
