/** The passages that a question is answered from. */

import type { DocumentRow } from '../../catalog/catalog.ts';
import { type PassageRow, parsePassageId } from '../../catalog/passages.ts';
import { BlockragError } from '../../errors.ts';
import { retrievalText } from '../../retrieval/embedder.ts';
import { relevantPassages } from '../../retrieval/relevance.ts';
import { checkFilter, type Filter, labelGroups } from '../metadata.ts';
import type { Services } from '../services.ts';

/** The index and the catalog do not switch in one step: more is fetched than asked, and joined with the catalog. */
const OVERFETCH = 3;

/** What retrieval works with. */
export type RetrieveServices = Pick<Services, 'catalog' | 'embedder' | 'index' | 'fingerprint'>;

export interface RetrievedPassage {
  document: DocumentRow;
  passage: PassageRow;
  /** Reciprocal rank fusion: orders. */
  score: number;
  /** Cosine similarity. */
  similarity: number;
}

export interface Retrieval {
  tenant: string;
  collection: string;
  question: string;
  /** Only passages of documents whose metadata match. */
  filter?: Filter | undefined;
  topK: number;
}

/**
 * The relevant passages of a collection, best first; none when the question has nothing to do with it.
 * @throws BlockragError `collection_not_found`, `no_documents`, `invalid_request` for a wrong filter
 */
export async function retrieve(
  services: RetrieveServices,
  query: Retrieval,
  signal: AbortSignal | undefined,
): Promise<RetrievedPassage[]> {
  const { catalog, embedder, index, fingerprint } = services;
  const { tenant, collection, question, topK } = query;
  const labels = labelGroups(checkFilter(query.filter ?? {}));
  if (!(await catalog.collections.has(tenant, collection))) {
    throw new BlockragError(
      'collection_not_found',
      `There is no collection "${collection}": add documents first.`,
    );
  }
  const [vector] = await embedder.embed([question], signal);
  const hits = await index.search({
    tenant,
    collection,
    labels,
    text: question,
    vector: vector!,
    limit: topK * OVERFETCH,
  });
  const documents = await catalog.documents.getMany(
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
  const rows = await catalog.passages.getMany(current.map(({ hit }) => parsePassageId(hit.id)));
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
  { catalog, fingerprint }: RetrieveServices,
  tenant: string,
  collection: string,
): Promise<void> {
  const answers = (document: DocumentRow) =>
    document.version !== null && document.fingerprint === fingerprint;
  let waiting = 0;
  let after: string | undefined;
  do {
    const page = await catalog.documents.page(tenant, { collection, limit: 1000, after });
    if (page.documents.some(answers)) return;
    waiting += page.documents.filter(({ status }) => status === 'queued' || status === 'encoding').length;
    after = page.next;
  } while (after !== undefined);
  throw new BlockragError(
    'no_documents',
    waiting > 0
      ? `The collection "${collection}" has no document ready yet; ${waiting} are being encoded.`
      : `The collection "${collection}" has no documents: add some first.`,
  );
}
