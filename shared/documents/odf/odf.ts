/** OpenDocument: texts (ODT), spreadsheets (ODS) and presentations (ODP). */
import { BlockragError } from '../../errors.ts';
import { headerLine } from '../office/header-line.ts';
import { dateOf } from '../office/properties.ts';
import { child, descendants, elements, parseXml, textContent, type XmlElement } from '../office/xml.ts';
import { readZip } from '../office/zip.ts';
import type { Block, Content } from '../types.ts';
import { type Area, type Cells, sheetBlocks } from '../xlsx/sheet.ts';
import { OdfReader, plainParagraphs } from './body.ts';
import { slideBlocks } from './slide.ts';
import { OdfStyles } from './styles.ts';

/** A spreadsheet's last row is repeated to the end of the sheet. */
const MAX_REPEATED = 1000;

/**
 * Reads an OpenDocument file: a text with headings, lists, tables and notes; sheets and slides under headings.
 *
 * @throws BlockragError `document_too_complex`, `document_encrypted`, `document_corrupt`
 */
export async function parseOdf(bytes: Uint8Array, name: string): Promise<Content> {
  const parts = await readZip(bytes, name, (entry) => entry.endsWith('.xml'));
  const read = (part: string) => {
    const found = parts.get(part);
    try {
      return found === undefined ? undefined : parseXml(found);
    } catch (error) {
      if (error instanceof BlockragError) throw error;
      throw damaged(name, `${part} is not well-formed XML`, error);
    }
  };
  if (descendants(read('meta-inf/manifest.xml'), 'manifest:encryption-data').length > 0) {
    throw new BlockragError('document_encrypted', `${name} is encrypted: save it without a password.`);
  }
  const content = read('content.xml');
  const [body] = elements(child(content, 'office:body'));
  if (body === undefined) throw damaged(name, 'it has no text');
  const styles = read('styles.xml');
  const known = new OdfStyles(styles, content);
  const readFormula = (href: string) => {
    const folder = href.replace(/^\.\//, '').toLowerCase();
    return descendants(read(`${folder}/content.xml`), '_:annotation')
      .map(textContent)
      .join(' ')
      .trim();
  };
  const reader = new OdfReader(known, readFormula);
  const headers = headerBlocks(styles, new OdfReader(known, readFormula, true));
  return {
    ...properties(read('meta.xml')),
    blocks: [...headers, ...bodyBlocks(body, reader)],
  };
}

function bodyBlocks(body: XmlElement, reader: OdfReader): Block[] {
  if (body.name === 'office:spreadsheet')
    return elements(body, 'table:table').flatMap((table) => sheet(table, reader));
  const pages = elements(body, 'draw:page');
  return pages.length > 0 ? pages.flatMap((page, i) => slideBlocks(page, i + 1, reader)) : reader.read(body);
}

/** Each line of headers and footers once. */
function headerBlocks(styles: XmlElement | undefined, reader: OdfReader): Block[] {
  const found = descendants(child(styles, 'office:master-styles'), 'style:header', 'style:footer');
  const displayed = found.filter(({ attributes }) => attributes['style:display'] !== 'false');
  const lines = displayed.flatMap((header) => plainParagraphs(header, reader).split('\n'));
  const shown = [...new Set(lines.map(headerLine))].filter((line) => /[\p{L}\p{N}]/u.test(line));
  return shown.length === 0 ? [] : [{ kind: 'text', text: shown.join('\n') }];
}

function sheet(table: XmlElement, reader: OdfReader): Block[] {
  const cells: Cells = new Map();
  const merged: Area[] = [];
  let row = 0;
  for (const element of descendants(table, 'table:table-row')) {
    const times = Number(element.attributes['table:number-rows-repeated'] ?? 1) || 1;
    const found: NonNullable<ReturnType<Cells['get']>> = new Map();
    let column = 0;
    for (const cell of elements(element)) {
      const { attributes } = cell;
      const text = plainParagraphs(cell, reader);
      const count = Number(attributes['table:number-columns-repeated'] ?? 1) || 1;
      const columns = Number(attributes['table:number-columns-spanned'] ?? 1) || 1;
      const rows = Number(attributes['table:number-rows-spanned'] ?? 1) || 1;
      if (text.trim() !== '') {
        for (let i = 0; i < Math.min(count, MAX_REPEATED); i++)
          found.set(column + i, { text, isBold: false });
      }
      if (columns > 1 || rows > 1) {
        merged.push({ top: row, left: column, bottom: row + rows - 1, right: column + columns - 1 });
      }
      column += count;
    }
    if (found.size > 0) for (let i = 0; i < Math.min(times, MAX_REPEATED); i++) cells.set(row + i, found);
    row += times;
  }
  const blocks = sheetBlocks(cells, merged, new Set());
  if (blocks.length === 0) return [];
  return [{ kind: 'heading', level: 2, text: table.attributes['table:name'] ?? '' }, ...blocks];
}

function properties(root: XmlElement | undefined): Pick<Content, 'title' | 'metadata'> {
  const meta = child(root, 'office:meta');
  const text = (name: string) => textContent(child(meta, name)).trim();
  const found: [string, string][] = [
    ['author', text('meta:initial-creator') || text('dc:creator')],
    ['created', dateOf(text('meta:creation-date'))],
    [
      'modified',
      dateOf(text('dc:date')) === dateOf(text('meta:creation-date')) ? '' : dateOf(text('dc:date')),
    ],
    ['subject', text('dc:subject')],
    ['keywords', elements(meta, 'meta:keyword').map(textContent).join(', ')],
    ['description', text('dc:description')],
    ...elements(meta, 'meta:user-defined').map((own): [string, string] => [
      own.attributes['meta:name'] ?? '',
      textContent(own).trim(),
    ]),
  ];
  const metadata = Object.fromEntries(found.filter(([key, value]) => key !== '' && value !== ''));
  return { title: text('dc:title') || undefined, metadata };
}

function damaged(name: string, what: string, cause?: unknown): BlockragError {
  return new BlockragError('document_corrupt', `${name} is damaged and cannot be read: ${what}.`, { cause });
}
