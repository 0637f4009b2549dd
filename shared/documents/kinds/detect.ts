/** Detects a file's format by its content first, then its name, then its media type. */
import { BlockragError } from '../../errors.ts';
import { markedCharset } from '../charsets/declared-charset.ts';
import { looksLikeText } from '../charsets/decode.ts';
import { type DocumentType, isBinaryType, typeOfMediaType, typeOfName } from './document-types.ts';
import { compoundKind, isEncryptedOffice, unreadKind } from './unread-kinds.ts';
import { zipNames } from './zip-directory.ts';

export type { DocumentType } from './document-types.ts';

/** What is known about a document apart from its bytes. */
export interface DocumentSource {
  /** File name, with its extension. */
  name: string;
  /** May have a charset: "text/plain; charset=windows-1252". */
  mediaType?: string | undefined;
}

/** Bytes that are looked at to recognise text formats. */
const SNIFFED_BYTES = 64 * 1024;

/** Entries that make an archive a document. */
const TYPE_OF_ENTRY: readonly [entry: RegExp, type: DocumentType][] = [
  [/^word\/document\d{0,9}\.xml$/i, 'docx'],
  [/^xl\/workbook\d{0,9}\.xml$/i, 'xlsx'],
  [/^ppt\/presentation\d{0,9}\.xml$/i, 'pptx'],
  [/^META-INF\/container\.xml$/i, 'epub'],
  [/^content\.xml$/i, 'odt'],
];
/** Endings of documents that are archives, and what to do with those that are not read. */
const ARCHIVE_ADVICE: readonly [entry: RegExp, what: string][] = [
  [/^xl\/workbook\.bin$/i, 'a binary Excel workbook: save it as XLSX or CSV'],
  [/\.iwa$/i, 'a document of Pages, Numbers or Keynote: export it as PDF or DOCX'],
];

/**
 * The type of a document. Any text is one, whatever its name.
 *
 * @throws BlockragError `document_type_unknown`, saying what the file is where that can be seen; `document_not_text` for
 * such a file that is named as text; `document_encrypted` for an Office file with a password
 */
export function detectType(bytes: Uint8Array, source: DocumentSource): DocumentType {
  const { name, mediaType } = source;
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const named = typeOfName(name) ?? typeOfMediaType(mediaType);
  if (data.subarray(0, 5).equals(Buffer.from('%PDF-'))) return 'pdf';
  if (data.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1'))) return archiveType(data, name, named);
  if (data.subarray(0, 8).equals(Buffer.from('d0cf11e0a1b11ae1', 'hex'))) refuseCompound(data, name, named);
  if (isBinaryType(named) && named !== 'email') return named;
  const kind = unreadKind(data);
  if (kind !== undefined) throw kindError(name, kind, named);
  const head = data.subarray(0, SNIFFED_BYTES);
  const seen = typeOfText(head, named);
  if (seen !== undefined) return seen;
  if (named === undefined && !looksLikeText(head)) {
    throw new BlockragError(
      'document_type_unknown',
      `${name} is of no known type, and no text: add it as PDF, an Office format, HTML or text.`,
    );
  }
  return named ?? 'text';
}

function archiveType(data: Buffer, name: string, named: DocumentType | undefined): DocumentType {
  const names = zipNames(data);
  for (const [entry, type] of TYPE_OF_ENTRY) if (names.some((found) => entry.test(found))) return type;
  if (isBinaryType(named) && named !== 'pdf' && named !== 'email') return named;
  const advice = ARCHIVE_ADVICE.find(([entry]) => names.some((found) => entry.test(found)))?.[1];
  throw kindError(name, advice ?? 'a ZIP archive: unpack it and add the files', named);
}

/** An OLE compound file is what Office wrote before 2007, and what it writes when a document gets a password. */
function refuseCompound(data: Buffer, name: string, named: DocumentType | undefined): never {
  const kind = compoundKind(data);
  const isOffice = named === 'docx' || named === 'xlsx' || named === 'pptx';
  if (isEncryptedOffice(data) || (isOffice && kind === undefined)) {
    throw new BlockragError(
      'document_encrypted',
      `${name} is protected by a password: save it without one and upload it again.`,
    );
  }
  const unknown = 'a file of an old Office format: save it in the format of today, or as PDF';
  throw kindError(name, kind ?? unknown, isOffice ? undefined : named);
}

function kindError(name: string, kind: string, named: DocumentType | undefined): BlockragError {
  const code = named === undefined ? 'document_type_unknown' : 'document_not_text';
  return new BlockragError(code, `${name} is ${kind}.`);
}

/** What the beginning of a text shows: a page whatever its name, other formats where the name says nothing. */
function typeOfText(bytes: Uint8Array, named: DocumentType | undefined): DocumentType | undefined {
  const marked = markedCharset(bytes);
  const isWide = marked?.startsWith('utf-16') || bytes[0] === 0 || bytes[1] === 0;
  const head = isWide
    ? Buffer.from(bytes.filter((byte) => byte !== 0)).toString('latin1')
    : decodeHead(bytes);
  const markup = markupStart(head);
  if (markup === 'html') return 'html';
  if (named !== undefined) return undefined;
  if (head.startsWith('#!')) return 'code';
  if (markup === 'xml') return 'xml';
  return startsAsMail(head) ? 'email' : undefined;
}

function decodeHead(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** Whether a text starts as a page does, after blanks, comments and processing instructions; one pass. */
function markupStart(head: string): 'html' | 'xml' | undefined {
  let isXml = false;
  for (
    let at = skipBlanks(head, head.search(/[^\xef\xbb\xbf\xff\xfe]/));
    head[at] === '<';
    at = skipBlanks(head, at)
  ) {
    const isComment = head.startsWith('<!--', at);
    if (!isComment && !head.startsWith('<?', at)) {
      const isHtml = /^<(?:!doctype\s{1,20}html|html|head|body)(?![\w:-])/i.test(head.slice(at, at + 40));
      return isHtml ? 'html' : isXml ? 'xml' : undefined;
    }
    isXml ||= head.startsWith('<?xml', at);
    const end = head.indexOf(isComment ? '-->' : '>', at + 2);
    if (end < 0) break;
    at = end + (isComment ? 3 : 1);
  }
  return isXml ? 'xml' : undefined;
}

function skipBlanks(text: string, from: number): number {
  let at = Math.max(from, 0);
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++;
  return at;
}

/** Headers that mail programs write, not people: a memo may start with "From:" too. */
function startsAsMail(head: string): boolean {
  const lines = head.slice(0, 16_384).split(/\r?\n/);
  const isBox = lines[0]!.startsWith('From ');
  const end = lines.indexOf('');
  const headers = lines.slice(isBox ? 1 : 0, end < 0 ? undefined : end);
  if (headers.length === 0 || !headers.every((line) => /^(?:[\w-]{1,80}:|[ \t])/.test(line))) return false;
  return headers.some((line) => /^(?:received|message-id|mime-version|return-path):/i.test(line));
}
