/** Detects a file's format by its content first, then its name, then its media type. */
import { BlockragError } from '../errors.ts';
import { utf16Encoding } from './decode.ts';

/** The formats that are read. */
export type DocumentType = 'pdf' | 'docx' | 'html' | 'markdown' | 'text';

/** What is known about a document apart from its bytes. */
export interface DocumentSource {
  /** File name, with its extension. */
  name: string;
  mediaType?: string | undefined;
}

const TYPE_OF_EXTENSION: Readonly<Record<string, DocumentType>> = {
  pdf: 'pdf',
  docx: 'docx',
  html: 'html',
  htm: 'html',
  xhtml: 'html',
  md: 'markdown',
  markdown: 'markdown',
  txt: 'text',
  text: 'text',
  log: 'text',
};

const TYPE_OF_MEDIA_TYPE: Readonly<Record<string, DocumentType>> = {
  'application/pdf': 'pdf',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'text/html': 'html',
  'application/xhtml+xml': 'html',
  'text/markdown': 'markdown',
  'text/x-markdown': 'markdown',
  'text/plain': 'text',
};

/** Bytes that are looked at to recognise HTML. */
const SNIFFED_BYTES = 4096;

/**
 * The type of a document.
 *
 * @throws BlockragError `document_type_unknown`; `document_encrypted` for a Word file with a password
 */
export function detectType(bytes: Uint8Array, source: DocumentSource): DocumentType {
  const named = TYPE_OF_EXTENSION[extension(source.name)] ?? TYPE_OF_MEDIA_TYPE[baseType(source.mediaType)];
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (data.subarray(0, 5).equals(Buffer.from('%PDF-'))) return 'pdf';
  if (isZip(data) && data.includes('word/document')) return 'docx';
  if (named === 'docx' && isCompoundFile(data)) {
    throw new BlockragError(
      'document_encrypted',
      `${source.name} is protected by a password: save it without one and upload it again.`,
    );
  }
  if (startsAsHtml(data)) return 'html';
  if (named !== undefined) return named;
  throw new BlockragError(
    'document_type_unknown',
    `${source.name} is of no known type: PDF, DOCX, HTML, Markdown and text files can be read.`,
  );
}

function extension(name: string): string {
  return /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
}

/** "text/html; charset=utf-8" -> "text/html". */
function baseType(mediaType = ''): string {
  return mediaType.split(';')[0]!.trim().toLowerCase();
}

function isZip(data: Buffer): boolean {
  return data.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1'));
}

/** OLE compound file: what Word writes when a .docx gets a password. */
function isCompoundFile(data: Buffer): boolean {
  return data.subarray(0, 8).equals(Buffer.from('d0cf11e0a1b11ae1', 'hex'));
}

function startsAsHtml(data: Buffer): boolean {
  const encoding = utf16Encoding(data) ?? 'utf-8';
  const head = new TextDecoder(encoding).decode(data.subarray(0, SNIFFED_BYTES));
  return /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<(?:!doctype\s+html|html)\b/i.test(head);
}
