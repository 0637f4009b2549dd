/** The blocks of an OpenDocument text. */
import { type GridCell, type GridRow, tableBlock } from '../office/grid.ts';
import { blockLines, linesText } from '../office/lines.ts';
import { elements, type XmlElement } from '../office/xml.ts';
import type { Block } from '../types.ts';
import { drawingText, type OdfInline, type OdfSurroundings, readInline } from './inline.ts';
import { type NumberLevels, nextNumber, type OdfStyles } from './styles.ts';

const MAX_COLUMNS = 1000;
const GROUPS = new Set([
  'text:section',
  'text:index-body',
  'text:index-title',
  'text:table-of-content',
  'text:bibliography',
  'text:alphabetical-index',
]);
/** Of a list whose style is not there. */
const DASHES: NumberLevels = new Map(
  Array.from({ length: 10 }, (_, i) => [
    i + 1,
    { format: 'bullet', prefix: '', suffix: '', start: 1, shown: 1 },
  ]),
);
const ROW_GROUPS = new Set(['table:table-header-rows', 'table:table-rows', 'table:table-row-group']);

/** Reads bodies, cells and text boxes of one file: headings are counted through. */
export class OdfReader {
  #around: OdfSurroundings;
  #headings: number[] = [];
  #listCounters: number[] = [];

  constructor(styles: OdfStyles, readFormula: (href: string) => string, isHeader = false) {
    this.#around = {
      styles,
      isHeader,
      readFormula,
      readBox: (box) => this.read(box),
      readNote: (body) => this.read(body).map(linesText).join('\n'),
    };
  }

  read(parent: XmlElement): Block[] {
    const blocks: Block[] = [];
    for (const element of elements(parent)) this.#add(element, blocks);
    return blocks.filter((block) => block.kind === 'table' || block.text !== '');
  }

  #add(element: XmlElement, blocks: Block[]): void {
    if (element.name === 'text:p' || element.name === 'text:h') this.#paragraph(element, blocks);
    else if (element.name === 'text:list') {
      blocks.push({ kind: 'text', text: this.#listLines(element, undefined, 1).join('\n') });
    } else if (element.name === 'table:table') this.#table(element, blocks);
    else if (GROUPS.has(element.name)) for (const inner of elements(element)) this.#add(inner, blocks);
    else if (element.name === 'draw:frame' || element.name === 'draw:custom-shape') {
      const found: OdfInline = { text: '', notes: [], blocks: [] };
      const text = drawingText(element, this.#around, found).trim();
      blocks.push({ kind: 'text', text }, ...found.blocks);
    }
  }

  #paragraph(element: XmlElement, blocks: Block[]): void {
    const { text, notes, blocks: anchored } = readInline(element, this.#around);
    const { attributes } = element;
    const { styles } = this.#around;
    const style = styles.get(attributes['text:style-name']);
    if (style.isHidden) return;
    if (style.isTitle && text !== '') blocks.push({ kind: 'heading', level: 1, text });
    else if (element.name === 'text:h' && text !== '') {
      const level = Math.min(Math.max(Number(attributes['text:outline-level'] ?? 1) || 1, 1), 10);
      const number = nextNumber(this.#headings, level, styles.outline);
      blocks.push({ kind: 'heading', level: level + 1, text: number === '' ? text : `${number} ${text}` });
    } else blocks.push({ kind: 'text', text });
    for (const note of notes) blocks.push({ kind: 'text', text: note });
    blocks.push(...anchored);
  }

  /** An item a line, notes below theirs. */
  #listLines(list: XmlElement, outer: NumberLevels | undefined, level: number): string[] {
    const { styles } = this.#around;
    const levels = styles.list(list.attributes['text:style-name']) ?? outer;
    const goesOn =
      list.attributes['text:continue-numbering'] === 'true' ||
      list.attributes['text:continue-list'] !== undefined;
    if (level === 1 && !goesOn) this.#listCounters = [];
    if (level > 1) this.#listCounters.length = Math.min(this.#listCounters.length, level - 1);
    const indent = '  '.repeat(level - 1);
    return elements(list).flatMap((item) => {
      if (item.name !== 'text:list-item' && item.name !== 'text:list-header') return [];
      const number =
        item.name === 'text:list-header' ? '' : nextNumber(this.#listCounters, level, levels ?? DASHES);
      let mark = indent + (number === '' ? '' : `${number} `);
      return elements(item).flatMap((element) => {
        if (element.name === 'text:list') return this.#listLines(element, levels, level + 1);
        const inner: Block[] = [];
        this.#add(element, inner);
        const lines = inner.flatMap((block) => blockLines(block)).filter((line) => line !== '');
        return lines.map((line) => {
          const text = mark + line;
          mark = `${indent}  `;
          return text;
        });
      });
    });
  }

  #table(table: XmlElement, blocks: Block[]): void {
    const rows = this.#rows(table, false);
    const isLayout = rows.every(({ cells }) => cells.length <= 1);
    if (isLayout) {
      for (const { cells } of rows)
        for (const { lines } of cells) blocks.push({ kind: 'text', text: lines.join('\n') });
    } else blocks.push(tableBlock(rows));
  }

  #rows(parent: XmlElement, isHeader: boolean): GridRow[] {
    return elements(parent).flatMap((element) => {
      if (ROW_GROUPS.has(element.name))
        return this.#rows(element, element.name === 'table:table-header-rows');
      return element.name === 'table:table-row' ? [{ cells: this.#cells(element), isHeader }] : [];
    });
  }

  #cells(row: XmlElement): GridCell[] {
    const cells: GridCell[] = [];
    let start = 0;
    for (const cell of elements(row)) {
      const { name, attributes } = cell;
      const count = Math.min(Number(attributes['table:number-columns-repeated'] ?? 1) || 1, MAX_COLUMNS);
      const last = cells.at(-1);
      const isCovered = name === 'table:covered-table-cell';
      // A covered cell belongs to the one on its left, or to the one above.
      if (isCovered && last !== undefined && last.start + last.span > start) {
        start += count;
        continue;
      }
      const span = Math.min(Number(attributes['table:number-columns-spanned'] ?? 1) || 1, MAX_COLUMNS);
      const found = this.read(cell).flatMap((block) => blockLines(block));
      // Presentations have a list around each text.
      const lines = found.length === 1 ? [found[0]!.replace(/^- /, '')] : found;
      cells.push({ start, span: Math.max(span, isCovered ? count : 1), lines, isContinued: isCovered });
      start += count;
    }
    return cells;
  }
}

/** The text of a spreadsheet's cell, or of a note: its paragraphs. */
export function plainParagraphs(element: XmlElement | undefined, around: OdfReader): string {
  return element === undefined ? '' : around.read(element).map(linesText).join('\n');
}
