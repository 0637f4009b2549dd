/** HTML tables: their rows with spans filled, their header, and which of them only lay out a page. */

import type { TableBlock } from '../types.ts';
import { ariaRows, isHeaderCell } from './aria-tables.ts';
import { isLeftOut } from './noise.ts';
import type { Survey } from './survey.ts';
import { attr, type HtmlElement, type HtmlNode, isElement, walkTree } from './tree.ts';

/** A row's cells, and whether it belongs to a thead. */
export interface TableRow {
  cells: HtmlElement[];
  isHead: boolean;
}

/** A table's own parts, in the order in which they show. */
export interface TableParts {
  caption: HtmlElement | undefined;
  rows: TableRow[];
}

/** Cells of so much text hold a page's parts. */
const LONG_CELL = 1000;
const LONG_CELL_SHARE = 0.6;
/** A heading with so much text below it makes its cell a section. */
const SECTION_TEXT = 200;
const BLOCKS = new Set(
  'p div ul ol dl section article aside blockquote table form fieldset details'.split(' '),
);
/** HTML's own limit. */
const MAX_SPAN = 1000;
/** Characters that spans may repeat in a document: more is an attack. */
const FILL_BUDGET = 2_000_000;

/** The caption and rows of a table, those of nested tables apart. */
export function partsOf(table: HtmlElement, survey: Survey): TableParts {
  if (table.tagName !== 'table') return { caption: undefined, rows: ariaRows(table, survey) };
  const groups: Record<'thead' | 'tbody' | 'tfoot', TableRow[]> = { thead: [], tbody: [], tfoot: [] };
  let caption: HtmlElement | undefined;
  let head: HtmlElement | undefined;
  for (const child of shown(table, survey)) {
    if (child.tagName === 'caption') caption ??= child;
    const group = groups[child.tagName as keyof typeof groups];
    if (group === undefined) continue;
    for (const row of shown(child, survey)) {
      const cells = shown(row, survey).filter(({ tagName }) => tagName === 'td' || tagName === 'th');
      // A second head stands where it is written.
      const place = child.tagName === 'thead' && head !== undefined && child !== head ? groups.tbody : group;
      if (cells.length > 0) place.push({ cells, isHead: child.tagName === 'thead' });
    }
    if (child.tagName === 'thead') head ??= child;
  }
  return { caption, rows: [...groups.thead, ...groups.tbody, ...groups.tfoot] };
}

/** Whether a table only puts a page's parts beside each other. */
export function isLayout(table: HtmlElement, { caption, rows }: TableParts, { facts }: Survey): boolean {
  const role = attr(table, 'role');
  if (role === 'presentation' || role === 'none') return true;
  const cells = rows.flatMap((row) => row.cells);
  if (caption !== undefined || cells.some(isHeaderCell)) return false;
  if (rows.every((row) => row.cells.length === 1)) return true;
  const own = cells.map((cell) => {
    const { text = 0, tabled = 0, heading = false, pre = false } = facts.get(cell) ?? {};
    return { text: text - tabled, heading, pre };
  });
  const all = own.reduce((sum, { text }) => sum + text, 0);
  if (own.some(({ pre }) => pre)) return true;
  if (own.some(({ heading, text }) => heading && text > SECTION_TEXT)) return true;
  if (own.some(({ text }) => text > LONG_CELL && text > all * LONG_CELL_SHARE)) return true;
  const holdsBlocks = (cell: HtmlElement) => cell.childNodes.some((node) => BLOCKS.has(node.nodeName));
  return rows.length === 1 && (cells.some(holdsBlocks) || own.some(({ text }) => text > SECTION_TEXT));
}

/** Fills tables, whose spans together may repeat a limited amount of text. */
export class TableFiller {
  #budget = FILL_BUDGET;

  /** A table as a block; `textOf` gives a cell's text. */
  block({ caption, rows }: TableParts, textOf: (cell: HtmlElement) => string): TableBlock {
    const filled = this.#fill(rows, textOf);
    const width = widthOf(filled);
    const captions = caption === undefined ? [] : [textOf(caption)];
    let first = 0;
    // A row of one heading cell over all columns is the table's name.
    while (first < rows.length - 1 && width > 1 && isTitleRow(rows[first]!, filled[first]!)) {
      captions.push(filled[first]![0]!);
      first += 1;
    }
    let body = first;
    while (body < rows.length && isHeaderRow(rows[body]!, body === first, rows[body + 1])) body += 1;
    if (body === rows.length) body = Math.min(first + 1, rows.length - 1);
    const header = joined(filled.slice(first, body));
    return {
      kind: 'table',
      caption: captions.filter(Boolean).join('. ') || undefined,
      header: header.length > 0 ? header : undefined,
      rows: filled.slice(body),
    };
  }

  #fill(rows: readonly TableRow[], textOf: (cell: HtmlElement) => string): string[][] {
    /** Per column the text that a cell above spans down, and for how many rows. */
    let above: ({ text: string; rows: number } | undefined)[] = [];
    return rows.map(({ cells }, y) => {
      if (rows[y - 1]?.isHead && !rows[y]!.isHead) above = [];
      const filled: string[] = [];
      const takeAbove = () => {
        for (let from = above[filled.length]; from !== undefined; from = above[filled.length]) {
          if (from.rows === 0 || this.#budget <= 0) return;
          from.rows -= 1;
          filled.push(this.#repeated(from.text));
        }
      };
      for (const cell of cells) {
        takeAbove();
        const text = textOf(cell);
        const down = spanOf(cell, 'rowspan', rows.length - y);
        const across = cells.length === 1 && filled.length === 0 ? 1 : spanOf(cell, 'colspan', MAX_SPAN);
        for (let i = 0; i < across && (i === 0 || this.#budget > 0); i += 1) {
          above[filled.length] = { text, rows: down - 1 };
          filled.push(i === 0 ? text : this.#repeated(text));
        }
      }
      takeAbove();
      return filled;
    });
  }

  #repeated(text: string): string {
    this.#budget -= text.length + 1;
    return this.#budget < 0 ? '' : text;
  }
}

function shown(parent: HtmlElement, survey: Survey): HtmlElement[] {
  return parent.childNodes.filter(isElement).filter((child) => !isLeftOut(child, child.tagName, survey));
}

function spanOf(cell: HtmlElement, name: 'rowspan' | 'colspan', most: number): number {
  const span = Number.parseInt(attr(cell, name) ?? '1', 10);
  if (name === 'rowspan' && span === 0) return most;
  return Math.min(Math.max(Number.isNaN(span) ? 1 : span, 1), most);
}

function isTitleRow({ cells }: TableRow, filled: readonly string[]): boolean {
  const [cell] = cells;
  return (
    cells.length === 1 && filled.length === 1 && isHeaderCell(cell!) && spanOf(cell!, 'colspan', MAX_SPAN) > 1
  );
}

/** Whether a row names the columns: it is said, or its cells are header cells, or the first row alone is bold. */
function isHeaderRow({ cells, isHead }: TableRow, isFirst: boolean, next: TableRow | undefined): boolean {
  if (isHead) return true;
  const named = cells.filter((cell) => isHeaderCell(cell) || !isBlank(cell));
  if (named.length > 0 && named.every(isHeaderCell)) return cells.length > 1 || isFirst;
  if (!isFirst || next === undefined || cells.length < 2) return false;
  return cells.every(isBold) && !next.cells.every(isBold);
}

function isBlank({ childNodes }: HtmlElement): boolean {
  return childNodes.every((node) => 'value' in node && !/\S/.test(node.value));
}

function widthOf(rows: readonly (readonly string[])[]): number {
  return rows.reduce((width, row) => Math.max(width, row.length), 0);
}

/** Whether all text of a cell is in bold letters, and there is some. */
function isBold(cell: HtmlElement): boolean {
  let bold = 0;
  let inBold = 0;
  let isPlain = false;
  const isMark = (node: HtmlNode) => node.nodeName === 'b' || node.nodeName === 'strong';
  const enter = (node: HtmlNode) => {
    if (isMark(node)) inBold += 1;
    if (node.nodeName === '#text' && 'value' in node && /\S/.test(node.value)) {
      if (inBold > 0) bold += 1;
      else isPlain = true;
    }
    return !isPlain;
  };
  walkTree(cell, enter, (element) => {
    if (isMark(element)) inBold -= 1;
  });
  return bold > 0 && !isPlain;
}

/** Several rows of a header as one: "Price" above "adults" is "Price adults". */
function joined(rows: readonly (readonly string[])[]): string[] {
  const width = widthOf(rows);
  return Array.from({ length: width }, (_, column) => {
    const texts = rows.map((row) => row[column] ?? '').filter(Boolean);
    return texts.filter((text, i) => text !== texts[i - 1]).join(' ');
  });
}
