/** Removes replaced and deleted versions from the index, the catalog and the blob store. */
import type { Catalog, DocumentRow } from '../../catalog/catalog.ts';
import { forgotten, gone, retired } from '../../catalog/document-transitions.ts';
import { BlockragError } from '../../errors.ts';
import { originalPath } from '../intake/original.ts';
import { deleteOriginal } from '../intake/sidecar.ts';
import { sourceKey } from '../intake/source-name.ts';
import type { Services } from '../services.ts';
import { removeKv } from '../stored-kv/remove-kv.ts';
import { ERASE_ITEM, retireItems, type VersionRef } from '../work/items.ts';

/** The services that deleting a document needs, apart from its object. */
export type ForgetServices = Pick<Services, 'queue'> & { catalog: Pick<Catalog, 'documents'> };
/** The services that removing a version needs. */
export type RetireServices = Pick<Services, 'access' | 'blobs' | 'index' | 'queue'> & {
  catalog: Pick<Catalog, 'documents' | 'passages' | 'blobs' | 'deletions'>;
};

/**
 * Deletes a document for its owner, and the object that it may have come from: it answers no question from now on,
 * and its text leaves every store in the background.
 * @throws BlockragError `document_not_found`
 */
export async function removeDocument(
  services: ForgetServices & Pick<Services, 'documents'>,
  tenant: string,
  id: string,
): Promise<void> {
  const row = await services.catalog.documents.get(tenant, id);
  if (row === undefined || row.status === 'deleting') {
    throw new BlockragError('document_not_found', `There is no document ${id}.`);
  }
  // First: should we be killed now, what follows the bucket does the rest.
  await deleteSource(services, row);
  await forgetDocument(services, tenant, id);
}

async function deleteSource({ documents }: Pick<Services, 'documents'>, row: DocumentRow): Promise<void> {
  const key = sourceKey(row);
  // A versioned bucket would mark as deleted, and tell of, what was never there.
  if ((await documents?.etag(key)) !== undefined) await documents?.delete(key);
}

/** Deletes a document if it is there and `applies`; its object stays or is gone already. */
export async function forgetDocument(
  services: ForgetServices,
  tenant: string,
  id: string,
  applies: (document: DocumentRow) => boolean = () => true,
): Promise<void> {
  const { catalog, queue } = services;
  let applied = false;
  const row = await catalog.documents.update(tenant, id, (current) => {
    applied = current !== undefined && current.status !== 'deleting' && applies(current);
    return applied ? forgotten(current!) : undefined;
  });
  if (!applied || row === undefined) return;
  const items = retireItems(row);
  if (items.length === 0) await catalog.documents.update(tenant, id, (current) => current && gone(current));
  await queue.send(items.length > 0 ? items : [ERASE_ITEM]);
}

/**
 * Removes one version from originals, blobs, index and catalog; may be run again. The index's files hold the
 * text until they are compacted (PassageIndex.optimize), and the catalog until its free pages are overwritten
 * (Table.scrub): the erase item does both.
 */
export async function retireVersion(services: RetireServices, ref: VersionRef): Promise<void> {
  const { access, catalog, blobs, index, queue } = services;
  const { tenant, document: id, version } = ref;
  const document = await catalog.documents.get(tenant, id);
  if (document?.version === version || document?.pending === version) return;
  // What takes most of the room goes first, and that without taking any: so a full disk is emptied. No question is
  // answered from this version any more, and its row names it until all is done.
  await deleteOriginal(blobs, originalPath(tenant, id, version));
  const { uses, unused } = await catalog.blobs.dropVersion(id, version);
  for (const key of unused) await removeKv(services, { tenant, key });
  await catalog.blobs.endUses(uses);
  await index.remove(id, version);
  await catalog.passages.deleteVersion(id, version);
  await access.quotas.giveBack(ref);
  // Sent before the row forgets the version, so that a killed process leaves one of the two.
  await queue.send([ERASE_ITEM]);
  await catalog.documents.update(tenant, id, (current) => current && retired(current, version));
}
