/** A tenant's collections, with what they hold. */
import type { Services } from '../services.ts';
import { countDocument, type DocumentCounts, noDocuments } from './counts.ts';

export interface CollectionCounts extends Omit<DocumentCounts, 'ready'> {
  name: string;
}

/** A tenant's collections by name, empty ones too. */
export async function listCollections(
  { catalog, fingerprint }: Pick<Services, 'catalog' | 'fingerprint'>,
  tenant: string,
): Promise<CollectionCounts[]> {
  const names = await catalog.collections.names(tenant);
  const collections = new Map(names.map((name) => [name, noDocuments()]));
  for await (const document of catalog.documents.every(tenant)) {
    const counts = collections.get(document.collection);
    if (counts !== undefined) countDocument(counts, document, fingerprint);
  }
  return [...collections].map(([name, { ready: _, ...counts }]) => ({ name, ...counts }));
}
