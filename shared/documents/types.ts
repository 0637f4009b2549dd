/** The results of the documents stage: a parsed document, and the passages cut from it. */

/** A run of text with its place in the document. */
export interface Section {
  /** Headings above the text, outermost first: ["Install", "On Linux"]. */
  headings: string[];
  /** 1-based page, where the format has pages (PDF). */
  page: number | undefined;
  /** Paragraphs in reading order; no paragraph is empty. */
  paragraphs: string[];
}

export interface ParsedDocument {
  /** The document's own title, or its file name without the extension. */
  title: string;
  sections: Section[];
}

/** A piece of a document: the unit of retrieval and, encoded, a block. */
export interface Passage {
  /** Document title and headings, "Guide > Install > On Linux". */
  title: string;
  text: string;
  page: number | undefined;
  /** Token ids of the passage as a block of the prompt (the block's title line included), without special tokens. */
  tokens: Uint32Array;
}
