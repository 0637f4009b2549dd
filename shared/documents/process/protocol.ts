/** What a server and its reading process say to each other. The bytes of a document go through the process's stdin. */
import type { ErrorCode, ErrorData } from '../../errors.ts';
import type { DocumentSource } from '../kinds/detect.ts';
import type { OcrOptions, ReadDocument, ReadProgress } from '../types.ts';

/** How documents are read. */
export interface ReadOptions {
  /** The model's tokenizer.json. */
  tokenizerFile: string;
  /** Tokens of a passage at most, title line included. */
  maxTokens: number;
  /** Recognise the text of pages that hold none; undefined: they are left out. */
  ocr?: OcrOptions | undefined;
}

/** To the process: a document whose `size` bytes come on stdin. One at a time. */
export interface ReadRequest extends ReadOptions {
  size: number;
  source: DocumentSource;
}

/** From the process. */
export type ReadReply =
  /** It has all it needs and turns to the document. */
  | { kind: 'started' }
  | ({ kind: 'progress' } & ReadProgress)
  /** `rss`: bytes of memory that the process has afterwards. */
  | { kind: 'result'; document: ReadDocument; rss: number }
  | { kind: 'error'; code: ErrorCode; message: string; data: ErrorData; stack: string | undefined };

/** Written to stderr when the process ends itself because it takes too much memory. */
export const OUT_OF_MEMORY = 'blockrag: out of memory';
/** The process's variable for the bytes of memory that it may take beyond what it starts with. */
export const MEMORY_VARIABLE = 'BLOCKRAG_READER_MEMORY';
