/** Listing the passages of a document. */

import type { PassageRow } from '../../catalog/passages.ts';
import { BlockragError } from '../../errors.ts';
import type { Services } from '../services.ts';

/** A passage, and what is stored for it. */
export interface ListedPassage extends PassageRow {
  /** Bytes of its keys and values; null: they are not stored (yet). */
  storedBytes: number | null;
}

export interface PassagesOptions {
  /** The `next` of the page before. */
  after?: string | undefined;
  limit: number;
}

/**
 * A page of a document's passages in reading order: of the version that answers, or else of the one that is being
 * encoded. A document that was not read yet has none.
 * @throws BlockragError `document_not_found`, `invalid_request` for what is no page's `next`
 */
export async function listPassages(
  { catalog }: Pick<Services, 'catalog'>,
  tenant: string,
  id: string,
  { after, limit }: PassagesOptions,
): Promise<{ passages: ListedPassage[]; next: string | undefined }> {
  const start = Number(after ?? 0);
  if (!Number.isSafeInteger(start) || start < 0) {
    throw new BlockragError('invalid_request', 'after: that is not the next of any page.');
  }
  const document = await catalog.documents.get(tenant, id);
  if (document === undefined || document.status === 'deleting') {
    throw new BlockragError('document_not_found', `There is no document ${id}.`);
  }
  const version = document.version ?? document.pending;
  if (version === null) return { passages: [], next: undefined };
  // One more tells whether there is a next page.
  const ids = Array.from({ length: limit + 1 }, (_, i) => ({ document: id, version, index: start + i }));
  const rows = (await catalog.passages.getMany(ids)).filter((row) => row !== undefined);
  const page = rows.slice(0, limit);
  const stored = await catalog.blobs.bytesOf(page.map(({ blobKey }) => blobKey));
  return {
    passages: page.map((row, i) => ({ ...row, storedBytes: stored[i] ?? null })),
    next: rows.length > limit ? String(start + limit) : undefined,
  };
}
