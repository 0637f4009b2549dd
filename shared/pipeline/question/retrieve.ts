/** The passages that a question is answered from. */

import type { DocumentRow } from '../../catalog/catalog.ts';
import { type PassageRow, parsePassageId } from '../../catalog/passages.ts';
import { BlockragError } from '../../errors.ts';
import { fileNamesIn, isAboutDocuments } from '../../retrieval/about-documents.ts';
import { retrievalText } from '../../retrieval/embedder.ts';
import type { Hit } from '../../retrieval/ports.ts';
import { relevantPassages } from '../../retrieval/relevance.ts';
import { RERANKED } from '../../retrieval/reranker.ts';
import { checkFilter, type Filter, labelGroups } from '../metadata.ts';
import { requireIndex, saysDamaged, suspectIndex } from '../reindex/state.ts';
import type { Services } from '../services.ts';
import { answers } from './answering.ts';
import { overview } from './overview.ts';

/** The index and the catalog do not switch in one step: more is fetched than asked, and joined with the catalog. */
const OVERFETCH = 3;
/** Copies of a text count once: more is fetched until there are enough texts, up to so many hits. */
const MOST_HITS = 1_000;

/** What retrieval works with. */
export type RetrieveServices = Pick<
  Services,
  'catalog' | 'embedder' | 'reranker' | 'index' | 'fingerprint' | 'logger' | 'queue'
>;

export interface RetrievedPassage {
  document: DocumentRow;
  passage: PassageRow;
  /**
   * The reranker's, else that of reciprocal rank fusion: orders. 0 where nothing was searched, as for a question about
   * the documents as such.
   */
  score: number;
  /** Cosine similarity; 0 where nothing was searched. */
  similarity: number;
}

export interface Retrieval {
  tenant: string;
  collection: string;
  question: string;
  /** The question with what it leans on (follow-up.ts); the same where it stands alone. */
  sought?: string | undefined;
  /** Only passages of documents whose metadata match. */
  filter?: Filter | undefined;
  topK: number;
}

/**
 * The relevant passages of a collection, best first; none when the question has nothing to do with it. A question
 * about the documents as such gets their beginnings and a spread of their passages.
 * @throws BlockragError `collection_not_found`, `no_documents`, `invalid_request` for a wrong filter,
 *   `index_rebuilding`
 */
export async function retrieve(
  services: RetrieveServices,
  query: Retrieval,
  signal: AbortSignal | undefined,
): Promise<RetrievedPassage[]> {
  const { catalog, embedder, reranker, index } = services;
  const { tenant, collection, question, topK } = query;
  const filter = checkFilter(query.filter ?? {});
  if (!(await catalog.collections.has(tenant, collection))) {
    throw new BlockragError(
      'collection_not_found',
      `There is no collection "${collection}": add documents first.`,
    );
  }
  if (isAboutDocuments(question)) {
    const names = fileNamesIn(question);
    const passages = await overview(services, { tenant, collection, filter, names, topK });
    if (passages.length > 0) return passages;
    // "What is Node.js?" names no document of the collection.
    if (names.length === 0) await requireReadyDocument(services, tenant, collection);
  }
  const sought = query.sought ?? question;
  const [[vector]] = await Promise.all([
    embedder.embed([sought], 'query', signal, tenant),
    requireIndex(services),
  ]);
  const scope = { tenant, collection, labels: labelGroups(filter) };
  const search = async (limit: number) => {
    const query = { ...scope, text: sought, vector: vector!, limit };
    try {
      // Twice: files may have been removed of which only an older version knows.
      return await index.search(query).catch((error: unknown) => {
        if (!saysDamaged(error)) throw error;
        return index.search(query);
      });
    } catch (error) {
      throw saysDamaged(error) ? await suspectIndex(services, { damaged: true }) : error;
    }
  };
  const { found, whole } = await distinctTexts(services, query, search);
  // What is found may be on its way out: the index is cleaned after the catalog.
  if (found.length === 0) {
    await requireReadyDocument(services, tenant, collection);
    // The nearest passages of a collection are always found, however far they are, unless none of it is indexed.
    if (scope.labels.length === 0 && (await search(1)).length === 0) throw await suspectIndex(services, {});
  }
  const relevant = relevantPassages([question, sought], found, embedder.model, { whole });
  if (reranker === undefined) return relevant.slice(0, topK);
  const candidates = relevant.slice(0, Math.max(topK, RERANKED));
  const ranked = await reranker.rank(sought, candidates, ({ text }) => text, signal);
  return ranked.slice(0, topK).map(({ passage, score }) => ({ ...passage, score }));
}

type Found = RetrievedPassage & { text: string };

/** What a search finds, joined with the catalog: of equal texts the best hit, whatever their titles; `whole` where there is no more. */
async function distinctTexts(
  services: RetrieveServices,
  { tenant, topK }: Retrieval,
  search: (limit: number) => Promise<Hit[]>,
): Promise<{ found: Found[]; whole: boolean }> {
  const first = Math.max(topK * OVERFETCH, services.reranker === undefined ? 0 : RERANKED);
  for (let limit = first; ; limit *= 4) {
    const hits = await search(Math.min(limit, MOST_HITS));
    const seen = new Set<string>();
    const distinct = (await withPassages(services, tenant, hits)).filter(({ passage: { text } }) => {
      const isNew = !seen.has(text);
      seen.add(text);
      return isNew;
    });
    const whole = hits.length < limit;
    if (distinct.length >= topK || whole || limit >= MOST_HITS) return { found: distinct, whole };
  }
}

/** The hits of versions that answer, with their passages. */
async function withPassages(
  { catalog, fingerprint }: RetrieveServices,
  tenant: string,
  hits: readonly Hit[],
): Promise<Found[]> {
  const documents = await catalog.documents.getMany(
    tenant,
    hits.map((hit) => hit.document),
  );
  const current = hits.flatMap((hit, i) => {
    const document = documents[i];
    return document?.version === hit.version && answers(document, fingerprint) ? [{ hit, document }] : [];
  });
  const rows = await catalog.passages.getMany(current.map(({ hit }) => parsePassageId(hit.id)));
  return current.flatMap(({ hit: { score, similarity }, document }, i) => {
    const passage = rows[i];
    if (passage === undefined) return [];
    return [{ document, passage, score, similarity, text: retrievalText(passage) }];
  });
}

async function requireReadyDocument(
  { catalog, fingerprint }: RetrieveServices,
  tenant: string,
  collection: string,
): Promise<void> {
  let waiting = 0;
  let after: string | undefined;
  do {
    const page = await catalog.documents.page(tenant, { collection, limit: 1000, after });
    if (page.documents.some((document) => answers(document, fingerprint))) return;
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
