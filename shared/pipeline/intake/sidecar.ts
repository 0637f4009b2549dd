/**
 * What of a document is not in its bytes, beside its original: so the rows can be made again when the catalog is lost
 * (pipeline/repair). Written before an upload is acknowledged, removed with the original; it is never there alone.
 *
 * object                                       holds
 * originals/TENANT/DOCUMENT/VERSION            the original bytes
 * originals/TENANT/DOCUMENT/VERSION.json       this, as JSON
 */
import type { DocumentRow } from '../../catalog/catalog.ts';
import type { BlobStore } from '../../storage/ports.ts';

const FORMAT = 1;
const ENDING = '.json';

/** The facts of one upload. */
export type Sidecar = Pick<
  DocumentRow,
  'id' | 'tenant' | 'collection' | 'name' | 'metadata' | 'mediaType' | 'bytes' | 'sha256'
> & {
  version: string;
  followed: boolean;
  /** When it was taken in; milliseconds since the epoch. */
  uploaded: number;
};

/** Where it lies. @param original path of the original, in quarantine too */
export function sidecarPath(original: string): string {
  return original + ENDING;
}

export function isSidecar(key: string): boolean {
  return key.endsWith(ENDING);
}

export async function putSidecar(blobs: BlobStore, original: string, sidecar: Sidecar): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify({ format: FORMAT, ...sidecar }));
  await blobs.put(sidecarPath(original), bytes);
}

/** Undefined where there is none that can be read, as beside originals that an earlier checkout stored. */
export async function getSidecar(blobs: BlobStore, original: string): Promise<Sidecar | undefined> {
  const bytes = await blobs.get(sidecarPath(original));
  if (bytes === undefined) return undefined;
  try {
    const { format, ...sidecar } = JSON.parse(new TextDecoder().decode(bytes)) as Sidecar & {
      format: number;
    };
    return format === FORMAT && typeof sidecar.name === 'string' ? sidecar : undefined;
  } catch {
    return undefined;
  }
}

/** Removes an original with its sidecar; false when there was none. */
export async function deleteOriginal(blobs: BlobStore, original: string): Promise<boolean> {
  await blobs.delete(sidecarPath(original));
  return blobs.delete(original);
}
