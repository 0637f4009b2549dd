/** Listing documents. */
import type { DocumentRow, DocumentStatus } from '../../catalog/catalog.ts';
import { checkFilter, type Filter, matchesFilter } from '../metadata.ts';
import type { Services } from '../services.ts';

export interface ListOptions {
  collection?: string | undefined;
  /** Any of these; none given: all. */
  status?: readonly DocumentStatus[] | undefined;
  filter?: Filter | undefined;
  /** The `next` of the page before. */
  after?: string | undefined;
  limit: number;
}

/**
 * A page of documents in the order of their ids. It may have fewer than `limit`, or none, although there is a
 * `next`: few documents may match.
 * @throws BlockragError `invalid_request` for a wrong filter
 */
export function listDocuments(
  { catalog }: Pick<Services, 'catalog'>,
  tenant: string,
  { collection, status, filter, after, limit }: ListOptions,
): Promise<{ documents: DocumentRow[]; next: string | undefined }> {
  const wanted = filter && checkFilter(filter);
  const matches = (document: DocumentRow) =>
    (status === undefined || status.includes(document.status)) &&
    (wanted === undefined || matchesFilter(document.metadata, wanted));
  const narrowed = status !== undefined || wanted !== undefined;
  return catalog.documents.page(tenant, { collection, after, limit, ...(narrowed ? { matches } : {}) });
}
