/** A file's bytes to a parsed document, whatever its format. */
import { BlockragError } from '../errors.ts';
import { decodeText } from './decode.ts';
import { type DocumentSource, type DocumentType, detectType } from './detect.ts';
import { parseDocx } from './docx/docx.ts';
import { decodeHtml, parseHtml } from './html.ts';
import { parseMarkdown } from './markdown.ts';
import { outline } from './outline.ts';
import { parsePdf } from './pdf.ts';
import { parseText } from './text.ts';
import type { Content, OcrOptions, ParsedDocument, ReadProgress } from './types.ts';

export interface ParseOptions {
  /** Recognises the text of pages that are pictures; they are left out unless told. */
  ocr?: OcrOptions | undefined;
  onProgress?: ((progress: ReadProgress) => void) | undefined;
}

/**
 * Reads a PDF, DOCX, HTML, Markdown or text file. It has at least one section.
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
  const content = await parseAs(type, bytes, name, options).catch((error: unknown) => {
    throw parseError(error, name);
  });
  const document = { ...outline(content, titleOfName(name)), pages: content.pages };
  if (document.sections.length > 0) return document;
  if (type === 'text' || type === 'markdown') throw emptyError(name);
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
  name: string,
  options: ParseOptions,
): Promise<Content> {
  switch (type) {
    case 'pdf':
      return parsePdf(bytes, name, options);
    case 'docx':
      return parseDocx(bytes, name);
    case 'html':
      return parseHtml(decodeHtml(bytes, name));
    case 'markdown':
      return parseMarkdown(decodeText(bytes, name));
    case 'text':
      return parseText(decodeText(bytes, name));
  }
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
