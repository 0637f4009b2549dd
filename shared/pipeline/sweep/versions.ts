/** The part of the sweep that gives back what killed processes left charged for versions that no document refers to. */
import type { ChargedVersion, Held } from '../../access/quotas.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import { knowsVersion } from '../../catalog/document-row.ts';
import type { Services } from '../services.ts';
import type { VersionRef } from '../work/items.ts';
import { pagesOf } from './pages.ts';
import type { SweepPass } from './pass.ts';

export type DocumentsOnly = { catalog: Pick<Catalog, 'documents'> };

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

/** Those of versions that no document knows of. */
export async function unknownVersions(
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
