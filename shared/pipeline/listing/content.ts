/** The bytes of a document as they were uploaded. */
import { BlockragError } from '../../errors.ts';
import { originalPath } from '../intake/original.ts';
import type { Services } from '../services.ts';

export interface Content {
  /** What the document is called. */
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/**
 * The original of a document: of the version that answers, or else of the one that is being encoded.
 * @throws BlockragError `document_not_found`; `not_found` where no original is kept, as of a document that failed
 */
export async function contentOf(
  { catalog, blobs }: Pick<Services, 'catalog' | 'blobs'>,
  tenant: string,
  id: string,
): Promise<Content> {
  const row = await catalog.documents.get(tenant, id);
  if (row === undefined || row.status === 'deleting') {
    throw new BlockragError('document_not_found', `There is no document ${id}.`);
  }
  const version = row.version ?? row.pending;
  const bytes = version === null ? undefined : await blobs.get(originalPath(tenant, id, version));
  if (bytes !== undefined) return { name: row.name, bytes };
  throw new BlockragError('not_found', `The original of ${row.name} is not kept: upload it again.`);
}
