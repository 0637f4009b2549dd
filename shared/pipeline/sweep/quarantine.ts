/**
 * Originals that no document knows of: they may be all that is left of a document whose row was lost, so they are set
 * aside for a while before they are deleted, and put back when their document knows of them again.
 *
 * object                                       holds
 * quarantine/DATE/TENANT/DOCUMENT/VERSION      the original bytes; DATE is when they came there, as 2026-01-31
 * quarantine/DATE/.../VERSION.json             their sidecar
 */
import type { BlobEntry, BlobStore } from '../../storage/ports.ts';
import { originalPath } from '../intake/original.ts';
import { deleteOriginal, isSidecar, sidecarPath } from '../intake/sidecar.ts';
import type { VersionRef } from '../work/items.ts';
import { mismatch } from './epoch.ts';
import { pagesOf } from './pages.ts';
import type { SweepPass } from './pass.ts';
import { type DocumentsOnly, unknownVersions } from './versions.ts';

export type QuarantineServices = DocumentsOnly & { blobs: BlobStore; quarantineMs: number };

/** Fewer unknown originals than this are what killed uploads leave, whatever share of all they are. */
const FEW = 10;

/** Counts the originals, and those that no document knows of, before the first is moved. */
export async function lookAtOriginals(services: QuarantineServices, pass: SweepPass): Promise<void> {
  for await (const entries of pagesOf(pass.rest(services.blobs.list('originals')))) {
    const unknown = await unknownOriginals(services, pass, entries);
    pass.looked.all += entries.filter(({ key }) => !isSidecar(key)).length;
    pass.looked.unknown += unknown.length;
    pass.reached(entries.at(-1)!.key);
  }
}

/**
 * Sets aside the originals that no document knows of: an upload's bytes are stored before its row.
 * @throws BlockragError `catalog_mismatch` when these are most of all
 */
export async function sweepOriginals(services: QuarantineServices, pass: SweepPass): Promise<void> {
  const { all, unknown } = pass.looked;
  if (!pass.adopted && unknown >= FEW && unknown > all / 2) {
    throw mismatch(`The catalog does not know ${unknown} of the ${all} stored documents`);
  }
  const { blobs } = services;
  const date = new Date(pass.now()).toISOString().slice(0, 10);
  for await (const entries of pagesOf(pass.rest(blobs.list('originals')))) {
    for (const { tenant, document, version } of await unknownOriginals(services, pass, entries)) {
      const aside = `quarantine/${date}/${tenant}/${document}/${version}`;
      await move(blobs, originalPath(tenant, document, version), aside);
      pass.count('originals');
    }
    pass.reached(entries.at(-1)!.key);
  }
}

function unknownOriginals(
  services: QuarantineServices,
  pass: SweepPass,
  entries: readonly BlobEntry[],
): Promise<VersionRef[]> {
  const old = entries.filter(({ key, modified }) => !isSidecar(key) && pass.now() - modified >= pass.graceMs);
  return unknownVersions(services, old.map(parse));
}

/** Puts back what a document knows of again, and deletes what was set aside long ago. */
export async function sweepQuarantine(services: QuarantineServices, pass: SweepPass): Promise<void> {
  const { blobs, quarantineMs } = services;
  for await (const entries of pagesOf(pass.rest(blobs.list('quarantine')))) {
    const originals = entries.filter(({ key }) => !isSidecar(key));
    const refs = originals.map(parse);
    const unknown = new Set(await unknownVersions(services, refs));
    for (const [i, { key }] of originals.entries()) {
      const { tenant, document, version } = refs[i]!;
      if (!unknown.has(refs[i]!)) {
        await move(blobs, key, originalPath(tenant, document, version));
        pass.count('restored');
      } else if (pass.now() - Date.parse(key.split('/')[1]!) >= quarantineMs) {
        await deleteOriginal(blobs, key);
        pass.count('expired');
      }
    }
    pass.reached(entries.at(-1)!.key);
  }
}

/** Killed between the two, it leaves both: the next sweep does it again. */
async function move(blobs: BlobStore, from: string, to: string): Promise<void> {
  const bytes = await blobs.get(from);
  if (bytes === undefined) return;
  const sidecar = await blobs.get(sidecarPath(from));
  await blobs.put(to, bytes);
  if (sidecar !== undefined) await blobs.put(sidecarPath(to), sidecar);
  await deleteOriginal(blobs, from);
}

/** The last three segments of both paths. */
function parse({ key }: BlobEntry): VersionRef {
  const [tenant, document, version] = key.split('/').slice(-3) as [string, string, string];
  return { tenant, document, version };
}
