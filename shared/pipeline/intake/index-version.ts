/** Puts the passages of a version into the index: their words, and what the embedding model makes of them. */
import type { Metadata } from '../../catalog/catalog.ts';
import { passageId } from '../../catalog/passages.ts';
import { retrievalText } from '../../retrieval/embedder.ts';
import { labelsOf } from '../metadata.ts';
import type { Services } from '../services.ts';
import type { VersionRef } from '../work/items.ts';

/** Passages embedded in one call. */
const EMBED_SLICE = 16;

/** What indexing works with. */
export type IndexServices = Pick<Services, 'catalog' | 'embedder' | 'index'>;

/** May be run again. @returns the number of passages, which are found when it resolves */
export async function indexVersion(
  { catalog, embedder, index }: IndexServices,
  {
    tenant,
    document,
    version,
    collection,
    metadata,
  }: VersionRef & { collection: string; metadata: Metadata },
  signal: AbortSignal,
): Promise<number> {
  const passages = await catalog.passages.ofVersion(document, version);
  const labels = labelsOf(metadata);
  const vectors: Float32Array[] = [];
  for (let at = 0; at < passages.length; at += EMBED_SLICE) {
    const texts = passages.slice(at, at + EMBED_SLICE).map(retrievalText);
    vectors.push(...(await embedder.embed(texts, 'passage', signal, tenant)));
  }
  await index.add(
    passages.map(({ index: number, title, text }, i) => ({
      id: passageId({ document, version, index: number }),
      ...{ tenant, collection, document, version, labels, title, text },
      vector: vectors[i]!,
    })),
  );
  return passages.length;
}
