/** The retrieval port: an index of passages that finds by words and by meaning. */

/** What is indexed of one passage. */
export interface IndexedPassage {
  /** Passage id: unique over all tenants, contains its document version. */
  id: string;
  tenant: string;
  collection: string;
  document: string;
  version: string;
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

export interface PassageIndex {
  /** Adds or replaces passages by id; findable when it resolves. Writes are batched by one writer. */
  add(passages: readonly IndexedPassage[]): Promise<void>;
  /** Removes a document's passages: all of them, or all but those of one version. */
  remove(document: string, options?: { keepVersion?: string }): Promise<void>;
  /** The best passages of a tenant's collection for a question, best first. */
  search(query: {
    tenant: string;
    collection: string;
    text: string;
    vector: Float32Array;
    limit: number;
  }): Promise<Hit[]>;
  /** Compacts, indexes what is new, and removes deleted text from the disk. */
  optimize(): Promise<void>;
  close(): Promise<void>;
}
