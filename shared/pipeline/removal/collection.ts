/** Removes a collection with all its documents. */
import { BlockragError, isBlockragError } from '../../errors.ts';
import type { Services } from '../services.ts';
import { type ForgetServices, removeDocument } from './retire.ts';

const PAGE = 200;
/** Documents removed at once: their writes share a flush to the disk. */
const REMOVED_AT_ONCE = 16;

type RemoveServices = ForgetServices & Pick<Services, 'catalog' | 'documents'>;

/**
 * Deletes a collection with all its documents: they answer no question from now on, and their text leaves every
 * store in the background. A document that is added meanwhile may stay, and the collection with it.
 * @throws BlockragError `collection_not_found`
 */
export async function removeCollection(
  services: RemoveServices,
  tenant: string,
  name: string,
): Promise<void> {
  const { catalog } = services;
  const row = await catalog.collections.get(tenant, name);
  if (row === undefined) {
    throw new BlockragError('collection_not_found', `There is no collection "${name}".`);
  }
  let after: string | undefined;
  do {
    const page = await catalog.documents.page(tenant, { collection: name, limit: PAGE, after });
    for (let at = 0; at < page.documents.length; at += REMOVED_AT_ONCE) {
      const slice = page.documents.slice(at, at + REMOVED_AT_ONCE);
      await Promise.all(slice.map(({ id }) => removeUnlessGone(services, tenant, id)));
    }
    after = page.next;
  } while (after !== undefined);
  // A document that came since has changed it.
  await catalog.collections.forget(row);
}

async function removeUnlessGone(services: RemoveServices, tenant: string, id: string): Promise<void> {
  await removeDocument(services, tenant, id).catch((error: unknown) => {
    if (!isBlockragError(error, 'document_not_found')) throw error;
  });
}
