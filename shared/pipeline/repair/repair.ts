/**
 * Makes the documents again whose rows were lost, from their originals and the sidecars beside them; their passages,
 * blobs and index rows follow from that as after an upload. Of an original without a sidecar only the bytes and the
 * tenant are known: it goes into the collection `recovered` under the id that it had.
 */
import { knowsVersion } from '../../catalog/document-row.ts';
import { isBlockragError, toBlockragError } from '../../errors.ts';
import type { BlobStore } from '../../storage/ports.ts';
import { deleteOriginal, getSidecar, isSidecar, type Sidecar } from '../intake/sidecar.ts';
import { type SubmitServices, submitDocument } from '../intake/submit.ts';
import type { Services } from '../services.ts';
import type { VersionRef } from '../work/items.ts';

/** Where documents go of which is not known where they were. */
export const RECOVERED = 'recovered';

/** What repairing works with. */
export type RepairServices = SubmitServices & Pick<Services, 'index' | 'logger'>;

/** What became of the originals. */
export interface RepairReport {
  /** Documents that were made again. */
  documents: number;
  /** Those of them of which name, collection, metadata and media type are not known. */
  unnamed: number;
  /** Originals that the catalog knows, or that a newer one of the same document has replaced. */
  kept: number;
  /** Originals that could not be taken in; each is logged. */
  failed: number;
}

/** One version's bytes, and what lies beside them. */
interface Original extends VersionRef {
  key: string;
  uploaded: number;
  sidecar: Sidecar | undefined;
}

/**
 * Takes every document in that the catalog does not know, or of which it knows an older upload only; the newest upload
 * counts. May be run again. What is taken in is encoded by workers.
 */
export async function repair(
  services: RepairServices,
  signal: AbortSignal,
  { onProgress }: { onProgress?: (documents: number) => void } = {},
): Promise<RepairReport> {
  const { blobs, catalog, index, logger } = services;
  const report: RepairReport = { documents: 0, unnamed: 0, kept: 0, failed: 0 };
  // Rows of versions that nobody will know of.
  if ((await catalog.tenants.all()).length === 0) await index.reset();
  for (const prefix of ['originals', 'quarantine']) {
    for await (const versions of byDocument(blobs, prefix)) {
      signal.throwIfAborted();
      const newest = await newestUnknown(services, versions, prefix === 'quarantine');
      report.kept += versions.length - (newest === undefined ? 0 : 1);
      if (newest === undefined) continue;
      try {
        await takeIn(services, newest);
        report.documents++;
        if (newest.sidecar === undefined) report.unnamed++;
      } catch (error) {
        if (isBlockragError(error, 'storage_full')) throw error;
        report.failed++;
        const { code } = toBlockragError(error);
        logger.error({ err: error, code, document: newest.document }, 'an original was not taken in');
      }
      onProgress?.(report.documents);
    }
  }
  return report;
}

/** The originals of each document together: they lie beside each other (in quarantine: those of one day). */
async function* byDocument(blobs: BlobStore, prefix: string): AsyncGenerator<Original[]> {
  let versions: Original[] = [];
  for await (const { key, modified } of blobs.list(prefix)) {
    if (isSidecar(key)) continue;
    const [tenant, document, version] = key.split('/').slice(-3) as [string, string, string];
    const [last] = versions;
    if (last !== undefined && (last.tenant !== tenant || last.document !== document)) {
      yield versions;
      versions = [];
    }
    const sidecar = await getSidecar(blobs, key);
    versions.push({ tenant, document, version, key, sidecar, uploaded: sidecar?.uploaded ?? modified });
  }
  if (versions.length > 0) yield versions;
}

/** The newest upload, unless the catalog knows it or a newer one. What is in quarantine is older than any it knows. */
async function newestUnknown(
  { catalog }: RepairServices,
  versions: readonly Original[],
  aside: boolean,
): Promise<Original | undefined> {
  const [newest] = versions.toSorted((a, b) => b.uploaded - a.uploaded);
  const { tenant, document } = newest!;
  const row = await catalog.documents.get(tenant, document);
  if (row === undefined) return newest;
  if (aside || row.status === 'deleting' || knowsVersion(row, newest!.version)) return undefined;
  const known = versions.find(({ version }) => knowsVersion(row, version));
  return newest!.uploaded > (known?.uploaded ?? row.updated) ? newest : undefined;
}

async function takeIn(services: RepairServices, original: Original): Promise<void> {
  const { blobs } = services;
  const { key, tenant, document, sidecar } = original;
  const bytes = await blobs.get(key);
  if (bytes === undefined) return;
  const { name, collection, metadata, mediaType, followed } = sidecar ?? {
    ...{ name: document, collection: RECOVERED, metadata: {}, mediaType: null, followed: false },
  };
  // The tenant is that of the path, whatever the sidecar says.
  await submitDocument(services, {
    ...{ tenant, name, collection, metadata, followed, bytes },
    mediaType: mediaType ?? undefined,
  });
  await deleteOriginal(blobs, key);
}
