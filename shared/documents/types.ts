/** The results of the documents stage: what a format's parser finds, a document, and the passages cut from it. */

/** Pages, 1-based, where the format has pages (PDF). */
export interface PageRange {
  page?: number | undefined;
  /** The last page, where it is another than `page`. */
  pageEnd?: number | undefined;
}

/** A paragraph, or a list with an item a line ("- first\n  - nested"). Cut at sentence and line ends. */
export interface TextBlock extends PageRange {
  kind: 'text';
  text: string;
}

/** Program code, a log, or other text whose lines stand for themselves: cut at line ends only. */
export interface CodeBlock extends PageRange {
  kind: 'code';
  text: string;
}

/** A table of rows; rowspans and colspans are filled. A row is never cut unless it alone exceeds a passage. */
export interface TableBlock extends PageRange {
  kind: 'table';
  caption?: string | undefined;
  /** The header's cells; a header of several rows is joined into one. */
  header?: readonly string[] | undefined;
  rows: readonly (readonly string[])[];
}

/** What a document is made of, in reading order, apart from its headings. */
export type ContentBlock = TextBlock | CodeBlock | TableBlock;

export interface HeadingBlock extends PageRange {
  kind: 'heading';
  /** 1 is the outermost. */
  level: number;
  text: string;
}

/** What a format's parser finds, in reading order. */
export type Block = HeadingBlock | ContentBlock;

/** What a format's parser gives. */
export interface Content {
  /** The title that the document states (metadata, front matter), if it does. */
  title?: string | undefined;
  /** What the document says of itself: { author: 'Bo Lindqvist', date: '2025-03-01' }; can be asked about. */
  metadata?: Readonly<Record<string, string>> | undefined;
  blocks: Block[];
  pages?: PageCount | undefined;
}

/** A run of content under the same headings. */
export interface Section {
  /** Headings above the text, outermost first: ["Install", "On Linux"]. */
  headings: string[];
  /** In reading order; none is empty. */
  content: ContentBlock[];
}

export interface ParsedDocument {
  /** The document's own title, or its file name without the extension. */
  title: string;
  metadata: Readonly<Record<string, string>>;
  sections: Section[];
  pages?: PageCount | undefined;
}

/** How many pages a document has, where its format has pages. */
export type PageCount = {
  total: number;
  /** Pages that hold a picture of their text only, which was recognised. */
  recognised: number;
};

/** How the text of pages that are pictures is recognised. */
export interface OcrOptions {
  /** Codes of Tesseract, such as `eng` or `deu`; the data of each is the npm package @tesseract.js-data/CODE. */
  languages: readonly string[];
  /** The folder that the data is unpacked into. */
  directory: string;
}

/** Pages recognised so far, of those that need it. */
export interface ReadProgress {
  page: number;
  pages: number;
}

/** A piece of a document: the unit of retrieval and, encoded, a block. */
export interface Passage extends PageRange {
  /** Document title and headings, "Guide > Install > On Linux". */
  title: string;
  text: string;
  /** Token ids of the passage as a block of the prompt (the block's title line included), without special tokens. */
  tokens: Uint32Array;
}

/** A document's title and passages, in reading order. Passages of the same text are all there. */
export interface ReadDocument {
  title: string;
  /** What the document says of itself: author, date. Its text begins with it. */
  metadata: Readonly<Record<string, string>>;
  passages: Passage[];
  pages?: PageCount | undefined;
}
