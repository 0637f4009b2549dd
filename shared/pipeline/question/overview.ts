/** Passages that stand for a collection as a whole: beginnings of documents, and a spread of what follows. */
import type { DocumentRow } from '../../catalog/catalog.ts';
import type { PassageId } from '../../catalog/passages.ts';
import { type Filter, matchesFilter } from '../metadata.ts';
import type { Services } from '../services.ts';
import { answers } from './answering.ts';
import type { RetrievedPassage } from './retrieve.ts';

/** Documents that are looked at: of a larger collection only its first, in the order of their ids, have a part. */
const MOST_DOCUMENTS = 1_000;

export interface OverviewQuery {
  tenant: string;
  collection: string;
  /** Only documents whose metadata match. */
  filter: Filter;
  /** Where there are some: only documents that are called so. */
  names: readonly string[];
  topK: number;
}

/**
 * At most topK passages with different texts. Where there are more documents, the beginnings of topK of them, evenly
 * chosen; where there are fewer, all beginnings, then passages at even distances in each.
 */
export async function overview(
  { catalog, fingerprint }: Pick<Services, 'catalog' | 'fingerprint'>,
  { tenant, collection, filter, names, topK }: OverviewQuery,
): Promise<RetrievedPassage[]> {
  const matches = (document: DocumentRow) =>
    answers(document, fingerprint) && matchesFilter((document.ready ?? document).metadata, filter);
  const documents: DocumentRow[] = [];
  let after: string | undefined;
  do {
    const limit = MOST_DOCUMENTS - documents.length;
    const page = await catalog.documents.page(tenant, { collection, matches, limit, after });
    documents.push(...page.documents);
    after = page.next;
  } while (after !== undefined && documents.length < MOST_DOCUMENTS);

  const chosen = documents.filter(
    ({ name }) => names.length === 0 || names.some((one) => isCalled(name, one)),
  );
  const sought = chosenPassages(chosen.map(passagesOf), topK);
  const ids = sought.map(({ document, index }): PassageId => {
    const { id, version } = chosen[document]!;
    return { document: id, version: version!, index };
  });
  const rows = await catalog.passages.getMany(ids);
  const seen = new Set<string>();
  return sought.flatMap(({ document }, i) => {
    const passage = rows[i];
    if (passage === undefined || seen.has(passage.text)) return [];
    seen.add(passage.text);
    return [{ document: chosen[document]!, passage, score: 0, similarity: 0 }];
  });
}

/** "handbook.md" is what people call "en/Handbook.md". */
function isCalled(name: string, called: string): boolean {
  const [whole, part] = [name, called].map((one) => one.normalize('NFKC').toLowerCase());
  return whole === part || whole!.endsWith(`/${part}`);
}

function passagesOf(document: DocumentRow): number {
  return (document.ready ?? document).passages;
}

/**
 * Which passages: first the beginnings, then the others.
 * @param counts passages of each document
 */
export function chosenPassages(
  counts: readonly number[],
  topK: number,
): { document: number; index: number }[] {
  const some = spread(counts.length, Math.min(topK, counts.length));
  const beginnings = some.map((document) => ({ document, index: 0 }));
  const rest = some.flatMap((document) =>
    Array.from({ length: counts[document]! - 1 }, (_, i) => ({ document, index: i + 1 })),
  );
  return [...beginnings, ...spread(rest.length, topK - beginnings.length).map((i) => rest[i]!)];
}

/** So many of the numbers 0 to length - 1, at even distances. */
function spread(length: number, count: number): number[] {
  if (count >= length) return Array.from({ length }, (_, i) => i);
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * length) / count));
}
