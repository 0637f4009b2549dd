/** blockrag tenants export, erase: all that a tenant has, out and away. Neither needs a model. */
import { openAccess } from '../../../shared/access/index.ts';
import { checkTenant } from '../../../shared/access/tenant.ts';
import { viewDocument } from '../../../shared/api/views/document.ts';
import { Catalog } from '../../../shared/catalog/catalog.ts';
import { defaultLimits } from '../../../shared/config.ts';
import { BlockragError } from '../../../shared/errors.ts';
import { exportTenant } from '../../../shared/pipeline/listing/export.ts';
import { eraseTenant } from '../../../shared/pipeline/removal/tenant.ts';
import type { Stores } from '../../../shared/stores/stores.ts';
import { toConfig } from '../config.ts';
import type { CommonOptions } from '../options.ts';
import { openStores } from '../stores.ts';
import { counted, megabytes, print, printJson } from '../terminal.ts';

export async function exportTenantCommand(
  tenant: string,
  directory: string,
  options: CommonOptions,
  signal: AbortSignal,
): Promise<number> {
  checkTenant(tenant);
  const report = await withStores(options, ({ table, blobs }) => {
    const catalog = new Catalog(table);
    return exportTenant({ catalog, blobs }, tenant, directory, { view: viewDocument, signal });
  });
  if (options.json) printJson({ tenant, ...report });
  else {
    const rest = report.without > 0 ? `, of ${report.without} no original is kept` : '';
    const size = megabytes(report.bytes);
    print(`exported ${tenant} into ${directory}: ${counted(report.documents, 'document')}, ${size}${rest}`);
  }
  return 0;
}

export async function eraseTenantCommand(
  tenant: string,
  options: CommonOptions & { yes?: boolean },
): Promise<number> {
  checkTenant(tenant);
  if (options.yes !== true) {
    const message = `This removes all documents of ${tenant} and revokes its keys, for good: say --yes.`;
    throw new BlockragError('invalid_option', message);
  }
  const config = toConfig(options);
  const erased = await withStores(options, async ({ table, queue, source, bell }) => {
    const services = { catalog: new Catalog(table), access: openAccess(table, defaultLimits(config)), queue };
    const report = await eraseTenant({ ...services, documents: source }, tenant);
    await bell?.ring();
    return report;
  });
  if (options.json) printJson({ tenant, ...erased });
  else {
    print(
      `erased ${tenant}: ${counted(erased.documents, 'document')}, ${counted(erased.keys, 'key')} revoked`,
    );
    print('The text leaves the stores when a server on them next does its work.');
  }
  return 0;
}

async function withStores<T>(options: CommonOptions, use: (stores: Stores) => Promise<T>): Promise<T> {
  const stores = await openStores(toConfig(options), { command: 'tenants' });
  try {
    return await use(stores);
  } finally {
    await stores.close();
  }
}
