/** XLSX: the sheets of a workbook as tables. */
import { linked } from '../office/marks.ts';
import { OfficePackage } from '../office/package.ts';
import { readProperties } from '../office/properties.ts';
import { child, descendants, elements, isTrue, textContent, type XmlElement } from '../office/xml.ts';
import type { Block, Content } from '../types.ts';
import { type Area, addRow, areaOf, type Cells, sheetBlocks } from './sheet.ts';
import { type CellContext, cellText, readStyles, richText } from './values.ts';

/** What Excel calls the sheet of a new workbook. */
const UNNAMED =
  /^(?:sheet|tabelle|feuille?|hoja|foglio|blad|planilha|ark|arkusz|лист|工作表|シート)\s?\d*$/iu;
/** What stands in old comments where there are threads. */
const THREADED = /^\[threaded comment\]/i;

/**
 * Reads a workbook: each sheet is a heading with its tables, cells as they are shown, formulas as their last values,
 * comments after the tables. Hidden sheets are left out; hidden rows and columns are read, because filters hide rows.
 *
 * @throws BlockragError `document_too_complex`, `document_encrypted`, `document_corrupt`
 */
export async function parseXlsx(bytes: Uint8Array, name: string): Promise<Content> {
  const file = await OfficePackage.open(bytes, name);
  const workbook = file.mainPart();
  const context: CellContext = {
    sharedStrings: readSharedStrings(file),
    styles: readStyles(file.related(file.main, 'styles')),
    is1904: isTrue(child(workbook, 'x:workbookPr')?.attributes.date1904),
  };
  const links = file.relationships(file.main);
  const sheets = elements(child(workbook, 'x:sheets'), 'x:sheet').filter(
    ({ attributes }) => (attributes.state ?? 'visible') === 'visible',
  );
  const blocks = sheets.flatMap(({ attributes }): Block[] => {
    const found = readSheet(file, links.get(attributes['r:id'] ?? '')?.target ?? '', context);
    const text = attributes.name ?? '';
    if (found.length === 0 || (sheets.length === 1 && UNNAMED.test(text))) return found;
    return [{ kind: 'heading', level: 2, text }, ...found];
  });
  return { ...readProperties(file), blocks };
}

function readSharedStrings(file: OfficePackage): string[] {
  const strings: string[] = [];
  const [part] = file.partsOfType(file.main, 'sharedStrings');
  file.part(part, { 'x:si': (element) => strings.push(richText(element)) });
  return strings;
}

function readSheet(file: OfficePackage, part: string, context: CellContext): Block[] {
  const cells: Cells = new Map();
  let lastRow = -1;
  const root = file.part(part, {
    'x:row': (row) => {
      lastRow = addRow(cells, row, lastRow, (cell) => ({
        text: cellText(cell, context),
        isBold: context.styles[Number(cell.attributes.s ?? 0)]?.isBold ?? false,
      }));
    },
  });
  addLinks(cells, root, file, part);
  const merged = descendants(root, 'x:mergeCell').flatMap(
    ({ attributes }) => areaOf(attributes.ref ?? '') ?? [],
  );
  return [
    ...sheetBlocks(cells, merged, headerRows(file, part)),
    ...shapeTexts(file, part),
    ...comments(file, part),
  ];
}

/** The rows that tables of the sheet have for their headers. */
function headerRows(file: OfficePackage, part: string): Set<number> {
  const areas = file.partsOfType(part, 'table').flatMap((target): Area[] => {
    const { ref = '', headerRowCount = '1' } = file.part(target)?.attributes ?? {};
    const area = areaOf(ref);
    return area === undefined || headerRowCount === '0' ? [] : [area];
  });
  return new Set(areas.map(({ top }) => top));
}

function addLinks(cells: Cells, root: XmlElement | undefined, file: OfficePackage, part: string): void {
  const found = elements(child(root, 'x:hyperlinks'), 'x:hyperlink');
  if (found.length === 0) return;
  const links = file.relationships(part);
  for (const { attributes } of found) {
    const area = areaOf(attributes.ref ?? '');
    const cell = area === undefined ? undefined : cells.get(area.top)?.get(area.left);
    if (cell !== undefined) cell.text = linked(cell.text, links.get(attributes['r:id'] ?? '')?.target ?? '');
  }
}

/** Texts of boxes and shapes that lie upon the sheet. */
function shapeTexts(file: OfficePackage, part: string): Block[] {
  const shapes = file
    .partsOfType(part, 'drawing')
    .flatMap((target) => descendants(file.part(target), '_:txBody'));
  return shapes.map((shape) => {
    const lines = elements(shape, 'a:p').map((line) => descendants(line, 'a:t').map(textContent).join(''));
    return { kind: 'text', text: lines.join('\n') };
  });
}

/** Notes of cells, and the comments in threads. */
function comments(file: OfficePackage, part: string): Block[] {
  const notes = file.partsOfType(part, 'comments').flatMap((target) => {
    const root = file.part(target);
    const authors = elements(child(root, 'x:authors'), 'x:author').map(textContent);
    return descendants(root, 'x:comment').map((comment) => ({
      at: comment.attributes.ref ?? '',
      author: authors[Number(comment.attributes.authorId)] ?? '',
      text: richText(child(comment, 'x:text')).trim(),
    }));
  });
  const threads = file.partsOfType(part, 'threadedComment').flatMap((target) =>
    descendants(file.part(target), '_:threadedComment').map((comment) => ({
      at: comment.attributes.ref ?? '',
      author: '',
      text: textContent(child(comment, '_:text')).trim(),
    })),
  );
  const said = [...notes.filter(({ text }) => !THREADED.test(text)), ...threads].filter(
    ({ text }) => text !== '',
  );
  return said.map(({ at, author, text }) => {
    const own = author !== '' && text.startsWith(`${author}:`) ? text.slice(author.length + 1).trim() : text;
    return { kind: 'text', text: `Comment on ${at}${author === '' ? '' : ` (${author})`}: ${own}` };
  });
}
