/** Tables with merged cells as rows of text, with their header and caption found. */
import type { TableBlock } from '../types.ts';

export interface GridCell {
  /** First column of the grid that it covers, 0-based, and how many. */
  start: number;
  span: number;
  /** Its paragraphs. */
  lines: readonly string[];
  /** Goes on from the cell above. */
  isContinued?: boolean;
  isBold?: boolean;
}

export interface GridRow {
  cells: GridCell[];
  /** Stated by the file to repeat on every page. */
  isHeader?: boolean;
}

/** Columns of a cell that another below can go on from. */
const MAX_SPAN = 1000;
/** Rows that tell whether the first is a header. */
const SAMPLE = 20;
/** A merged cell of more text is not repeated: its rows would be nothing else. */
const MAX_REPEATED = 200;

/**
 * The block of a table. Columns are those of the row of most cells, so that a form on a fine grid has as many as
 * are seen. A first row of one cell above several columns is the caption, if there is none.
 */
export function tableBlock(gridRows: readonly GridRow[], caption?: string): TableBlock {
  const rows = continued(gridRows).filter(({ cells }) => cells.some((cell) => textOf(cell) !== ''));
  const columns = columnStarts(rows);
  let title = caption;
  const [first] = rows;
  if (title === undefined && rows.length > 2 && isAcross(first!, columns) && !isAcross(rows[1]!, columns)) {
    title = textOf(first!.cells.find((cell) => textOf(cell) !== '')!);
    rows.shift();
  }
  const headers = rows.slice(0, headerCount(rows, columns));
  const header = headers.length === 0 ? undefined : joinRows(headers.map((row) => texts(row, columns, ' ')));
  const body = rows.slice(headers.length).map((row) => texts(row, columns, '; '));
  return { kind: 'table', caption: title, header, rows: body };
}

/** A cell's paragraphs on one line: a sentence goes on after a blank, other lines after a semicolon. */
export function joinLines(lines: readonly string[], separator = '; '): string {
  return lines
    .filter((line) => line !== '')
    .reduce((text, line) => {
      if (text === '') return line;
      return text + (/[\p{L}\p{N})\]]$/u.test(text) ? separator : ' ') + line;
    }, '');
}

/** Fills cells that go on from above. */
function continued(gridRows: readonly GridRow[]): GridRow[] {
  const above = new Map<number, GridCell>();
  return gridRows.map(({ cells, ...row }) => ({
    ...row,
    cells: cells.map((cell) => {
      const origin = cell.isContinued ? above.get(cell.start) : undefined;
      if (!cell.isContinued) {
        for (let i = 0; i < Math.min(cell.span, MAX_SPAN); i++) above.set(cell.start + i, cell);
      }
      if (origin === undefined) return cell;
      return { ...cell, lines: textOf(origin).length > MAX_REPEATED ? [] : origin.lines };
    }),
  }));
}

function columnStarts(rows: readonly GridRow[]): number[] {
  let most: readonly GridCell[] = [];
  for (const { cells } of rows) if (cells.length > most.length) most = cells;
  const starts = most.map(({ start }) => start);
  const first = rows.reduce((least, { cells }) => Math.min(least, cells[0]?.start ?? least), starts[0] ?? 0);
  return starts.length > 0 && first < starts[0]! ? [first, ...starts] : starts;
}

/** Whether one cell takes the whole row. */
function isAcross({ cells }: GridRow, columns: readonly number[]): boolean {
  const full = cells.filter((cell) => textOf(cell) !== '');
  if (columns.length < 2 || full.length !== 1) return false;
  const [from, to] = coveredBy(full[0]!, columns);
  return cells.length === 1 && to - from === columns.length;
}

/** The columns that start within a cell: from the first up to, but without, the second. */
function coveredBy({ start, span }: GridCell, columns: readonly number[]): [from: number, to: number] {
  return [firstFrom(columns, start), firstFrom(columns, start + span)];
}

/** Index of the first column at a place of the grid or after it. */
function firstFrom(columns: readonly number[], place: number): number {
  let low = 0;
  let high = columns.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (columns[middle]! < place) low = middle + 1;
    else high = middle;
  }
  return low;
}

function texts(row: GridRow, columns: readonly number[], separator: string): string[] {
  if (isAcross(row, columns)) return [textOf(row.cells[0]!, separator)];
  const filled: string[] = columns.map(() => '');
  for (const cell of row.cells) {
    const text = textOf(cell, separator);
    const [from, to] = coveredBy(cell, columns);
    // A cell between two columns belongs to the one that it starts in.
    const at = from < to ? from : Math.max(0, from - 1);
    filled[at] = joinLines([filled[at]!, text], ' ');
    if (text.length <= MAX_REPEATED) filled.fill(text, at + 1, Math.max(to, at + 1));
  }
  return filled;
}

function headerCount(rows: readonly GridRow[], columns: readonly number[]): number {
  const stated = rows.findIndex(({ isHeader }) => isHeader !== true);
  if (stated > 0) return stated;
  if (rows.length < 2 || columns.length < 2) return 0;
  return looksLikeHeader(rows[0]!, rows.slice(1, SAMPLE)) ? 1 : 0;
}

/** Names in every column; and bold, or of three columns and more, or above figures. */
function looksLikeHeader({ cells }: GridRow, below: readonly GridRow[]): boolean {
  const names = cells.map((cell) => textOf(cell));
  const filled = names.filter((name) => name !== '');
  if (filled.length < cells.length - 1 || cells.length < 2 || filled.some(isNoName)) return false;
  if (!filled.some((name) => /\p{L}/u.test(name))) return false;
  const isBold = (row: GridRow) => row.cells.every((cell) => cell.isBold || textOf(cell) === '');
  if (isBold({ cells }) && !below.every(isBold)) return true;
  if (filled.some(isFigure)) return false;
  if (cells.length > 2) return !names.some((name, i) => below.some((row) => isRepeated(name, row.cells[i])));
  const second = below.flatMap((row) => row.cells.slice(1).map((cell) => textOf(cell)));
  return second.length > 0 && second.every((text) => /^[^\p{L}]*\p{N}/u.test(text));
}

/** A value that is there again below is no name of its column. */
function isRepeated(name: string, cell: GridCell | undefined): boolean {
  return cell !== undefined && !cell.isContinued && name !== '' && textOf(cell) === name;
}

/** A label of a form, an item of a list, a tick, or a sentence. */
function isNoName(text: string): boolean {
  return text.length > 100 || text.endsWith(':') || /^(?:-|\d+[.)]|\[[x ]\])(?: |$)/.test(text);
}

/** A number that is no year. */
function isFigure(text: string): boolean {
  return /^[\d\s.,%€$£+\-−/]+$/.test(text) && !/^(?:19|20)\d\d$/.test(text);
}

/** A header of two rows as one: "2024 Q1". */
function joinRows(rows: readonly string[][]): string[] {
  const width = Math.max(...rows.map((row) => row.length));
  return Array.from({ length: width }, (_, i) => {
    const parts = rows.map((row) => (row.length === 1 ? row[0]! : (row[i] ?? '')));
    return [...new Set(parts)].filter((part) => part !== '').join(' ');
  });
}

function textOf({ lines }: GridCell, separator = '; '): string {
  return joinLines(lines, separator).replace(/\s+/g, ' ').trim();
}
