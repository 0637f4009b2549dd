/** Passages and questions for the contract of a passage index; no embedding model needed. */
import type { Hit, IndexedPassage, PassageIndex } from '../../retrieval/ports.ts';

/** A place where a driver keeps an index, empty at first. */
export interface IndexPlace {
  /** Opens the index; several may be open at once. */
  open(): Promise<PassageIndex>;
  /** Removes the place, after all that was opened was closed. */
  close?: () => Promise<void>;
}

/** What a case works with. */
export interface OpenedIndex {
  place: IndexPlace;
  index: PassageIndex;
}

/** A unit vector: `weights` along the first axes, in proportion. */
export function toward(...weights: number[]): Float32Array {
  const norm = Math.hypot(...weights);
  const vector = new Float32Array(384);
  for (const [axis, weight] of weights.entries()) vector[axis] = weight / norm;
  return vector;
}

/** A passage with the fields that a test does not care about filled in. */
export function passage(fields: Partial<IndexedPassage> & { id: string }): IndexedPassage {
  return {
    tenant: 'acme',
    collection: 'manuals',
    document: `document of ${fields.id}`,
    version: '1',
    labels: [],
    title: 'Manual',
    text: 'Nothing of interest.',
    vector: toward(0, 0, 1),
    ...fields,
  };
}

/** Searches the collection that passage() fills. */
export function ask(
  index: PassageIndex,
  query: Partial<Parameters<PassageIndex['search']>[0]>,
): Promise<Hit[]> {
  return index.search({
    tenant: 'acme',
    collection: 'manuals',
    text: 'unheard',
    vector: toward(0, 1),
    limit: 10,
    ...query,
  });
}

export function ids(hits: readonly Hit[]): string[] {
  return hits.map(({ id }) => id);
}
