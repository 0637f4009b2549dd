/** The retrieval port: an index that finds passages by words and by meaning. */

/** What is indexed of one passage. */
export interface IndexedPassage {
  /** Passage id: unique over all tenants, contains its document version. */
  id: string;
  tenant: string;
  collection: string;
  document: string;
  version: string;
  /** What filters ask for: texts of [A-Za-z0-9]. */
  labels: string[];
  /** Document title and headings, one line. */
  title: string;
  text: string;
  /** L2-normalised embedding, [384]. */
  vector: Float32Array;
}

/** One passage found. */
export interface Hit {
  id: string;
  document: string;
  version: string;
  /** Reciprocal rank fusion of the word and the vector rank: orders, means nothing absolute. */
  score: number;
  /** Cosine similarity of the question and the passage, -1 to 1. */
  similarity: number;
}

export interface OptimizeOptions {
  /** Only when enough has changed for the cost to be in proportion. */
  ifDue?: boolean;
  /** Breaks it off between two steps of some seconds each. What is done stays done: the next call goes on from there. */
  signal?: AbortSignal | undefined;
}

/**
 * What cannot be read because it is damaged is `storage_failed` with `damaged` in its data: such an index is begun anew
 * (`reset`) and filled from the catalog.
 */
export interface PassageIndex {
  /** Adds or replaces passages by id; findable when it resolves. Writes are batched by one writer. */
  add(passages: readonly IndexedPassage[]): Promise<void>;
  /** Removes a document's passages, or those of one of its versions only. */
  remove(document: string, version?: string): Promise<void>;
  /** The best passages of a tenant's collection for a question, best first. */
  search(query: {
    tenant: string;
    collection: string;
    /** Only passages that have one label of each group. */
    labels?: readonly (readonly string[])[];
    text: string;
    vector: Float32Array;
    limit: number;
  }): Promise<Hit[]>;
  /**
   * Compacts, indexes what is new, and removes deleted text from the disk. What that costs is bounded: it grows with
   * what was written, not with what is stored. After each write it is called `ifDue`.
   * @throws the signal's reason
   */
  optimize(options?: OptimizeOptions): Promise<void>;
  /** How many passages of each version there are, as "DOCUMENT/VERSION" -> number: to compare with the catalog. */
  counts(options?: {
    /** Reads all that a search may read, to see that it is not damaged. */
    thorough?: boolean;
  }): Promise<Map<string, number>>;
  /** Begins anew, empty, whatever has become of what was there. */
  reset(): Promise<void>;
  close(): Promise<void>;
}
