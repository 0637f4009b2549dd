/** A catalog over a real LMDB table in a folder of its own. */
import { Catalog } from '../../shared/catalog/catalog.ts';
import { openCatalogTable } from './catalog-table.ts';

export async function openCatalog(): Promise<{ catalog: Catalog; dispose(): Promise<void> }> {
  const { table, dispose } = await openCatalogTable();
  return { catalog: new Catalog(table), dispose };
}
