/** The passages that a question is answered from. */
import { BlockragError } from '../errors.ts';
import { retrievalText } from '../retrieval/embedder.ts';
import { relevantPassages } from '../retrieval/relevance.ts';
import { type DocumentRow, type PassageRow, parsePassageId } from '../storage/catalog.ts';
import type { Services } from './services.ts';

/** The index and the catalog do not switch in one step: more is fetched than asked, and joined with the catalog. */
const OVERFETCH = 3;

export interface RetrievedPassage {
  document: DocumentRow;
  passage: PassageRow;
  /** Reciprocal rank fusion: orders. */
  score: number;
  /** Cosine similarity. */
  similarity: number;
}

/**
 * The relevant passages of a collection, best first; none when the question has nothing to do with it.
 * @throws BlockragError `collection_not_found`, `no_documents`
 */
export async function retrieve(
  services: Services,
  query: { tenant: string; collection: string; question: string; topK: number },
  signal: AbortSignal | undefined,
): Promise<RetrievedPassage[]> {
  const { catalog, embedder, index, fingerprint } = services;
  const { tenant, collection, question, topK } = query;
  if (!(await catalog.hasCollection(tenant, collection))) {
    throw new BlockragError(
      'collection_not_found',
      `There is no collection "${collection}": add documents first.`,
    );
  }
  const [vector] = await embedder.embed([question], signal);
  const hits = await index.search({
    tenant,
    collection,
    text: question,
    vector: vector!,
    limit: topK * OVERFETCH,
  });
  const documents = await catalog.documentsById(
    tenant,
    hits.map((hit) => hit.document),
  );
  const current = hits.flatMap((hit, i) => {
    const document = documents[i];
    return document?.version === hit.version && document.fingerprint === fingerprint
      ? [{ hit, document }]
      : [];
  });
  // What is found may be on its way out: the index is cleaned after the catalog.
  if (current.length === 0) await requireReadyDocument(services, tenant, collection);
  const rows = await catalog.passagesById(current.map(({ hit }) => parsePassageId(hit.id)));
  const seen = new Set<string>();
  const found = current.flatMap(({ hit, document }, i) => {
    const passage = rows[i];
    // The same passage in two documents is read once: the better hit stands for both.
    if (passage === undefined || seen.has(passage.blobKey)) return [];
    seen.add(passage.blobKey);
    const { score, similarity } = hit;
    return [{ document, passage, score, similarity, text: retrievalText(passage) }];
  });
  return relevantPassages(question, found).slice(0, topK);
}

async function requireReadyDocument(
  { catalog, fingerprint }: Services,
  tenant: string,
  collection: string,
): Promise<void> {
  const { documents } = await catalog.documents(tenant, { collection, limit: 1000 });
  if (documents.some((document) => document.version !== null && document.fingerprint === fingerprint)) return;
  const waiting = documents.filter(({ status }) => status === 'queued' || status === 'encoding').length;
  throw new BlockragError(
    'no_documents',
    waiting > 0
      ? `The collection "${collection}" has no document ready yet; ${waiting} are being encoded.`
      : `The collection "${collection}" has no documents: add some first.`,
  );
}
