/** A file's bytes to a parsed document, whatever its format. */
import { BlockragError } from '../errors.ts';
import { decodeText } from './charsets/decode.ts';
import { parseCsv } from './data/csv.ts';
import { parseJson } from './data/json.ts';
import { parseXml } from './data/xml.ts';
import { parseYaml } from './data/yaml.ts';
import { parseDocx } from './docx/docx.ts';
import { parseEmail } from './email.ts';
import { parseEpub } from './epub.ts';
import { parseHtml } from './html/html.ts';
import { type DocumentSource, type DocumentType, detectType } from './kinds/detect.ts';
import { type BinaryType, isBinaryType } from './kinds/document-types.ts';

import { parseMarkdown } from './markdown/markdown.ts';
import { parseAsciiDoc } from './markup/asciidoc.ts';
import { parseLatex } from './markup/latex.ts';
import { parseOrg } from './markup/org.ts';
import { parseRst } from './markup/rst.ts';
import { parseOdf } from './odf/odf.ts';
import { outline } from './passages/outline.ts';
import { parsePdf } from './pdf/pdf.ts';
import { parsePptx } from './pptx/pptx.ts';
import { parseLines, parseText } from './text.ts';
import type { Content, OcrOptions, ParsedDocument, ReadProgress } from './types.ts';
import { parseXlsx } from './xlsx/xlsx.ts';

export interface ParseOptions {
  /** Recognises the text of pages that are pictures; they are left out unless told. */
  ocr?: OcrOptions | undefined;
  onProgress?: ((progress: ReadProgress) => void) | undefined;
}

/** Reads the bytes of a format that is no text. */
type BytesParser = (bytes: Uint8Array, name: string, options: ParseOptions) => Content | Promise<Content>;
/** Reads the text of a file in a text format. */
type TextParser = (text: string) => Content;

const BYTES_PARSERS: Readonly<Record<BinaryType, BytesParser>> = {
  pdf: parsePdf,
  docx: parseDocx,
  email: parseEmail,
  xlsx: parseXlsx,
  pptx: parsePptx,
  odt: parseOdf,
  epub: parseEpub,
};

const TEXT_PARSERS: Readonly<Record<Exclude<DocumentType, BinaryType>, TextParser>> = {
  html: parseHtml,
  markdown: parseMarkdown,
  text: parseText,
  xml: parseXml,
  rst: parseRst,
  asciidoc: parseAsciiDoc,
  org: parseOrg,
  latex: parseLatex,
  csv: parseCsv,
  json: parseJson,
  yaml: parseYaml,
  log: parseLines,
  code: parseLines,
};

/**
 * Reads a file of any format in document-types.ts. It has at least one section.
 *
 * @throws BlockragError `document_empty`, `document_no_text`, `document_type_unknown`, `document_not_text`,
 * `document_encrypted`, `document_corrupt`, `document_too_complex`
 */
export async function parseDocument(
  bytes: Uint8Array,
  source: DocumentSource,
  options: ParseOptions = {},
): Promise<ParsedDocument> {
  const { name } = source;
  if (bytes.length === 0) throw emptyError(name);
  const type = detectType(bytes, source);
  const content = await parseAs(type, bytes, source, options).catch((error: unknown) => {
    throw parseError(error, name);
  });
  const document = { ...outline(content, titleOfName(name)), pages: content.pages };
  if (document.sections.length > 0) return document;
  if (!isBinaryType(type) && type !== 'html') throw emptyError(name);
  throw new BlockragError(
    'document_no_text',
    type === 'pdf'
      ? `${name} has pages but no text, as a scan has: have it recognised with --ocr (BLOCKRAG_OCR=eng).`
      : `${name} holds no text that can be read.`,
  );
}

async function parseAs(
  type: DocumentType,
  bytes: Uint8Array,
  { name, mediaType }: DocumentSource,
  options: ParseOptions,
): Promise<Content> {
  if (isBinaryType(type)) return BYTES_PARSERS[type](bytes, name, options);
  return TEXT_PARSERS[type](decodeText(bytes, name, mediaType));
}

/** What a parser throws at a hostile or damaged file, with a stable code. */
function parseError(error: unknown, name: string): BlockragError {
  if (error instanceof BlockragError) return error;
  if (error instanceof RangeError) {
    const message = `${name} is nested too deeply or expands too much to be read.`;
    return new BlockragError('document_too_complex', message, { cause: error });
  }
  return new BlockragError('document_corrupt', `${name} is damaged and cannot be read.`, { cause: error });
}

function emptyError(name: string): BlockragError {
  return new BlockragError('document_empty', `${name} is empty: there is nothing to read.`);
}

/** "reports/annual 2024.pdf" -> "annual 2024". */
function titleOfName(name: string): string {
  const base = name.split(/[/\\]/).at(-1)!;
  return base.replace(/(?<=.)\.[^.]*$/, '') || name;
}
