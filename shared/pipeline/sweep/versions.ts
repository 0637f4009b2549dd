/** The part of the sweep that removes what killed processes left of versions that no document refers to. */
import type { ChargedVersion, Held } from '../../access/quotas.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import { knowsVersion } from '../../catalog/document-row.ts';
import type { BlobEntry } from '../../storage/ports.ts';
import { originalPath } from '../intake/original.ts';
import type { Services } from '../services.ts';
import type { VersionRef } from '../work/items.ts';
import { pagesOf } from './pages.ts';
import type { SweepPass } from './pass.ts';

type DocumentsOnly = { catalog: Pick<Catalog, 'documents'> };

/** An upload's bytes are stored before its row. */
export async function sweepOriginals(
  services: Pick<Services, 'blobs'> & DocumentsOnly,
  pass: SweepPass,
): Promise<void> {
  const { blobs } = services;
  for await (const entries of pagesOf(pass.rest(blobs.list('originals')))) {
    const old = entries.filter(({ modified }) => pass.now() - modified >= pass.graceMs);
    for (const ref of await unknownVersions(services, old.map(parseOriginal))) {
      await blobs.delete(originalPath(ref.tenant, ref.document, ref.version));
      pass.count('originals');
    }
    pass.reached(entries.at(-1)!.key);
  }
}

/** A tenant is charged before its upload is stored. */
export async function sweepCharges(
  services: Pick<Services, 'access'> & DocumentsOnly,
  pass: SweepPass,
): Promise<void> {
  const { quotas } = services.access;
  for (const tenant of await pass.tenants()) {
    for await (const charged of pagesOf<ChargedVersion & Held>(quotas.charged(tenant))) {
      const old = charged.filter(({ taken }) => pass.now() - taken >= pass.graceMs);
      for (const ref of await unknownVersions(services, old)) {
        if (await quotas.giveBack(ref)) pass.count('charges');
      }
      pass.signal.throwIfAborted();
    }
    pass.reached(tenant);
  }
}

function parseOriginal({ key }: BlobEntry): VersionRef {
  const [, tenant, document, version] = key.split('/') as [string, string, string, string];
  return { tenant, document, version };
}

async function unknownVersions(
  { catalog }: DocumentsOnly,
  refs: readonly VersionRef[],
): Promise<VersionRef[]> {
  const unknown: VersionRef[] = [];
  for (const tenant of new Set(refs.map((ref) => ref.tenant))) {
    const own = refs.filter((ref) => ref.tenant === tenant);
    const rows = await catalog.documents.getMany(
      tenant,
      own.map(({ document }) => document),
    );
    unknown.push(...own.filter(({ version }, i) => !knowsVersion(rows[i], version)));
  }
  return unknown;
}
