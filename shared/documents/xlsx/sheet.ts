/** The cells of a sheet, and the tables that they make. */
import { type GridCell, type GridRow, tableBlock } from '../office/grid.ts';
import { elements, type XmlElement } from '../office/xml.ts';
import type { Block } from '../types.ts';

export interface SheetCell {
  text: string;
  isBold: boolean;
}

/** Cells that are merged, or that a table takes; 0-based, the last included. */
export interface Area {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

/** Cells by row and column, both 0-based. Empty ones are not there. */
export type Cells = Map<number, Map<number, SheetCell>>;

const MAX_ROWS = 1_048_576;
const MAX_COLUMNS = 16_384;
/** Rows of all merged areas together. */
const MAX_MERGED_ROWS = 2_000_000;

/** "B3:D10", "B3" -> 0-based. */
export function areaOf(reference: string): Area | undefined {
  const [, left, top, right, bottom] =
    /^\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?$/i.exec(reference) ?? [];
  if (left === undefined) return undefined;
  return {
    top: Number(top) - 1,
    left: columnOf(left),
    bottom: Number(bottom ?? top) - 1,
    right: columnOf(right ?? left),
  };
}

/** Puts a row's cells where they say they are, or after the one before. */
export function addRow(
  cells: Cells,
  row: XmlElement,
  lastRow: number,
  read: (cell: XmlElement) => SheetCell,
): number {
  const index = Number(row.attributes.r ?? lastRow + 2) - 1;
  if (!Number.isInteger(index) || index < 0 || index >= MAX_ROWS) return lastRow;
  const found = cells.get(index) ?? new Map<number, SheetCell>();
  let column = -1;
  for (const element of elements(row, 'x:c')) {
    column = areaOf(element.attributes.r ?? '')?.left ?? column + 1;
    const cell = read(element);
    if (column < MAX_COLUMNS && cell.text.trim() !== '') found.set(column, cell);
  }
  if (found.size > 0) cells.set(index, found);
  return index;
}

/** Tables and text: rows that follow one another are one of either. */
export function sheetBlocks(cells: Cells, merged: readonly Area[], headers: ReadonlySet<number>): Block[] {
  const blocks: Block[] = [];
  let region: number[] = [];
  const areas = areasByRow(merged, cells);
  const isJoined = (row: number) => areas.get(row)?.some(({ top }) => top < row) ?? false;
  const end = () => {
    if (region.length > 0) blocks.push(...regionBlocks(region, cells, areas, headers));
    region = [];
  };
  for (const row of [...cells.keys()].sort((a, b) => a - b)) {
    const last = region.at(-1);
    if (last !== undefined && row > last + 1 && !isJoined(row)) end();
    region.push(row);
  }
  end();
  return blocks;
}

/** The merged areas that each row with cells has a part in. */
function areasByRow(merged: readonly Area[], cells: Cells): Map<number, Area[]> {
  const found = new Map<number, Area[]>();
  let left = MAX_MERGED_ROWS;
  for (const area of merged) {
    for (let row = area.top; row <= area.bottom && left > 0; row++, left--) {
      if (!cells.has(row)) continue;
      const known = found.get(row);
      if (known === undefined) found.set(row, [area]);
      else known.push(area);
    }
  }
  return found;
}

function regionBlocks(
  rows: number[],
  cells: Cells,
  areas: ReadonlyMap<number, readonly Area[]>,
  headers: ReadonlySet<number>,
): Block[] {
  const used = new Set<number>();
  for (const row of rows) for (const column of cells.get(row)!.keys()) used.add(column);
  const columns = [...used].sort((a, b) => a - b);
  const line = (row: number) => [...cells.get(row)!.values()].map(({ text }) => text.trim()).join(' ');
  const body = rows.findIndex((row) => cells.get(row)!.size > 1);
  if (body < 0) return [{ kind: 'text', text: rows.map(line).join('\n') }];
  const caption = rows.slice(0, body).map(line).join(' ');
  const grid = rows
    .slice(body)
    .map((row) => gridRow(row, columns, cells, areas.get(row) ?? [], headers.has(row)));
  return [tableBlock(grid, caption === '' ? undefined : caption)];
}

function gridRow(
  row: number,
  columns: readonly number[],
  cells: Cells,
  merged: readonly Area[],
  isHeader: boolean,
): GridRow {
  const found: GridCell[] = [];
  let covered = -1;
  for (const start of columns) {
    if (start <= covered) continue;
    const area = merged.find(({ left, right }) => left <= start && start <= right);
    const cell = cells.get(row)!.get(start);
    covered = area?.right ?? start;
    found.push({
      start,
      span: covered - start + 1,
      lines: cell === undefined ? [] : cell.text.split('\n').map((part) => part.trim()),
      isBold: cell?.isBold ?? false,
      isContinued: area !== undefined && area.top < row,
    });
  }
  return { cells: found, isHeader };
}

/** "A" -> 0, "AA" -> 26. */
function columnOf(letters: string): number {
  let column = 0;
  for (const letter of letters.toUpperCase()) column = column * 26 + letter.charCodeAt(0) - 64;
  return column - 1;
}
