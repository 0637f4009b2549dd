/**
 * Tables. Those with rules come right from the library. Of those without, it has found the columns, but melts rows
 * whose first cell is empty, takes the paragraph above for the header, and ends at a cell of several lines: their
 * rows are put together anew from where the text stands.
 */
import type { LayoutBlock, LayoutCell, Rect, TextItem } from '@llamaindex/liteparse';
import { plainText } from './inline.ts';
import { bottom, isInside, type Line, linesOf, lineText, middle, right, squeeze } from './lines.ts';

/** A table's text, and lines above and below it that are none of its rows. */
export interface FoundTable {
  before: string[];
  header: string[] | undefined;
  rows: string[][];
  after: string[];
}

interface Column {
  left: number;
  right: number;
}

/** Lines of one cell are closer than this, in heights of their letters. */
const TIGHT = 1.5;
export const NUMBER = /^[\s(+\-–−±$€£¥%.,:/\d)]*\d[\s(+\-–−±$€£¥%.,:/\d)]*%?$/;

/** Reads a table block. @param items those that stand in it, or in text that it may go on with */
export function readTable(block: LayoutBlock, items: readonly TextItem[]): FoundTable {
  const grid = [...(block.header ? [block.header] : []), ...(block.rows ?? [])];
  const text = (cells: LayoutCell[]) => cells.map((cell) => plainText(cell.text));
  const ruled = isRuled(grid);
  const table = ruled || items.length === 0 ? undefined : fromLines(linesOf(items), columnsOf(grid));
  const { before, rows, after } = table ?? {
    before: [],
    rows: grid.flatMap((row) => (ruled && isMelted(row) ? unmelt(row, items, grid) : [text(row)])),
    after: [],
  };
  const oneLine = rows.map((row) => row.map((cell) => cell.replaceAll('\n', ' ')));
  const filled = oneLine.filter((row) => row.some((cell) => cell !== ''));
  const [first, ...rest] = filled;
  const stated = block.header !== undefined && table === undefined;
  const isHeader = first !== undefined && rest.length > 0 && (stated || looksLikeHeader(first, rest, items));
  return { before, header: isHeader ? first : undefined, rows: isHeader ? rest : filled, after };
}

/** Whether lines are rows of the table above: each item stands in one of its columns, and starts where that does. */
export function continuesTable(items: readonly TextItem[], above: LayoutBlock): boolean {
  const columns = columnsOf([...(above.header ? [above.header] : []), ...(above.rows ?? [])]);
  if (columns.length < 2 || above.bbox === undefined) return false;
  const lines = linesOf(items);
  const first = lines[0];
  if (first === undefined || first.box.y - bottom(above.bbox) > 2 * first.box.height) return false;
  return (
    lines.some((line) => line.items.length > 1 || line.items[0]!.x > columns[1]!.left - 3) &&
    items.every((item) => {
      const at = columns.findIndex((column) => Math.abs(column.left - item.x) <= 3);
      return at >= 0 && right(item) <= (columns[at + 1]?.left ?? Number.POSITIVE_INFINITY);
    })
  );
}

function isRuled(grid: readonly LayoutCell[][]): boolean {
  return grid.every((row) =>
    row.every(({ bbox }, i) => {
      const next = row[i + 1]?.bbox;
      if (bbox === undefined) return false;
      return row[i + 1] === undefined || (next !== undefined && Math.abs(right(bbox) - next.x) < 1);
    }),
  );
}

/** Cells between the same rules are of one height, unless one of them is that of several rows. */
function isMelted(row: readonly LayoutCell[]): boolean {
  const heights = row.flatMap(({ bbox }) => bbox?.height ?? []);
  return Math.max(...heights) > 1.5 * Math.min(...heights);
}

function unmelt(row: readonly LayoutCell[], items: readonly TextItem[], grid: readonly LayoutCell[][]) {
  const own = items.filter((item) => row.some(({ bbox }) => bbox && isInside(item, bbox)));
  return fromLines(linesOf(own), columnsOf(grid))?.rows ?? [row.map((cell) => plainText(cell.text))];
}

function columnsOf(grid: readonly LayoutCell[][]): Column[] {
  const width = Math.max(0, ...grid.map((row) => row.length));
  const columns = Array.from({ length: width }, (_, i) => {
    const boxes = grid.flatMap((row) => row[i]?.bbox ?? []);
    // A line across the table was cut at the columns: its parts say nothing of them.
    const own = boxes.filter((box) => boxes.length < 3 || box.width <= 2 * median(boxes));
    return { left: Math.min(...own.map(({ x }) => x)), right: Math.max(...own.map(right)) };
  });
  return columns.filter(({ left }) => Number.isFinite(left));
}

function median(boxes: readonly Rect[]): number {
  const widths = boxes.map(({ width }) => width).sort((a, b) => a - b);
  return widths[widths.length >> 1]!;
}

function fromLines(lines: readonly Line[], columns: readonly Column[]) {
  const cells = lines.map((line) => cellsOf(line, columns));
  const isRow = (row: string[] | undefined) => row !== undefined;
  const start = cells.findIndex(isRow);
  const end = cells.findLastIndex(isRow);
  if (start < 0) return undefined;
  const rows: string[][] = [];
  for (let i = start; i <= end; i++) {
    const row = cells[i] ?? [plainLine(lines[i]!), ...columns.slice(1).map(() => '')];
    const last = rows.at(-1);
    if (last !== undefined && continuesRow(row, last, lines[i - 1]!, lines[i]!, lines)) {
      row.forEach((cell, column) => {
        if (cell !== '') last[column] = joinLines(last[column]!, cell);
      });
    } else rows.push(row);
  }
  return {
    before: lines.slice(0, start).map(plainLine),
    rows: rows.map((row) => row.map(plainText)),
    after: lines.slice(end + 1).map(plainLine),
  };
}

const plainLine = (line: Line) => plainText(lineText(line));

function joinLines(above: string, below: string): string {
  return above === '' ? below : `${above} ${below}`;
}

/** A line's cells; undefined when an item of it goes over several columns. */
function cellsOf({ items }: Line, columns: readonly Column[]): string[] | undefined {
  const cells = columns.map(() => '');
  for (const item of items) {
    const spanned = columns.filter((column) => item.x < column.right - 3 && right(item) > column.left + 3);
    if (spanned.length > 1) return undefined;
    const column = spanned[0] ?? nearest(columns, item);
    const at = columns.indexOf(column);
    cells[at] = joinLines(cells[at]!, item.text.trim());
  }
  return cells;
}

function nearest(columns: readonly Column[], item: TextItem): Column {
  const distance = (column: Column) => Math.max(column.left - right(item), item.x - column.right);
  return columns.reduce((best, column) => (distance(column) < distance(best) ? column : best));
}

/** Whether a line goes on with cells of the row above it. */
function continuesRow(
  row: readonly string[],
  above: readonly string[],
  aboveLine: Line,
  line: Line,
  lines: readonly Line[],
): boolean {
  const gap = (upper: Line, lower: Line) => (middle(lower.box) - middle(upper.box)) / lower.items[0]!.height;
  const filled = row.flatMap((cell, i) => (cell === '' ? [] : [i]));
  const own = gap(aboveLine, line);
  if (own > TIGHT || filled.length === row.length) return false;
  if (filled.some((i) => above[i] === '' || NUMBER.test(row[i]!))) return false;
  const loosest = Math.max(...lines.slice(1).map((lower, i) => gap(lines[i]!, lower)));
  return loosest > 1.2 * own ? true : filled.every((i) => /^\p{Ll}/u.test(row[i]!));
}

/** Bold above plain, or words above numbers. */
export function looksLikeHeader(
  first: readonly string[],
  rest: readonly string[][],
  items: readonly TextItem[],
): boolean {
  if (first.some((cell) => NUMBER.test(cell)) || first.filter((cell) => cell !== '').length < 2) return false;
  const isBold = (cells: readonly string[]) => {
    const wanted = cells.map(squeeze).filter((cell) => cell !== '');
    const found = items.filter(({ text }) => wanted.includes(squeeze(text)));
    return found.length > 0 && found.every(({ fontName = '' }) => /bold|black|heavy|demi/i.test(fontName));
  };
  if (isBold(first) && !rest.every(isBold)) return true;
  return first.some((_, column) => {
    const cells = rest.map((row) => row[column] ?? '').filter((cell) => cell !== '');
    return cells.length > 0 && cells.every((cell) => NUMBER.test(cell));
  });
}
