/** Tables of Word. One that only lays out text is read as the text. */
import { type GridCell, type GridRow, tableBlock } from '../office/grid.ts';
import { blockLines } from '../office/lines.ts';
import { child, elements, isOn, type XmlElement } from '../office/xml.ts';
import type { Block } from '../types.ts';
import type { CellContent } from './story.ts';
import { val } from './styles.ts';

interface Cell extends Omit<GridCell, 'lines' | 'isBold'>, CellContent {}

interface Row {
  cells: Cell[];
  isHeader: boolean;
}

/** A table within a cell of more cells is no detail of the cell. */
const MAX_NESTED_CELLS = 12;
/** Columns that a row can have. */
const MAX_COLUMNS = 1000;
const GROUPS = new Set(['w:sdt', 'w:sdtContent', 'w:customXml', 'w:ins', 'w:moveTo']);

/** A table's blocks, and the notes that its cells refer to. */
export function readTable(
  table: XmlElement,
  stated: string | undefined,
  readCell: (cell: XmlElement) => CellContent,
): { blocks: Block[]; notes: string[] } {
  const rows = grouped(table, 'w:tr').flatMap((row) => {
    const properties = child(row, 'w:trPr');
    return child(properties, 'w:del') === undefined ? [readRow(row, properties, readCell)] : [];
  });
  const notes = rows.flatMap(({ cells }) => cells.flatMap((cell) => cell.notes));
  const properties = child(table, 'w:tblPr');
  const caption = stated ?? val(properties, 'w:tblCaption') ?? val(properties, 'w:tblDescription');
  if (isLayout(rows)) {
    const text: Block[] = caption === undefined ? [] : [{ kind: 'text', text: caption }];
    return {
      blocks: [...text, ...rows.flatMap(({ cells }) => cells.flatMap(({ blocks }) => blocks))],
      notes,
    };
  }
  return { blocks: sections(rows, caption), notes };
}

/** Elements of a name, in content controls and the like or not. */
function grouped(parent: XmlElement, name: string): XmlElement[] {
  return elements(parent).flatMap((element) => {
    if (element.name === name) return [element];
    return GROUPS.has(element.name) ? grouped(element, name) : [];
  });
}

function readRow(
  row: XmlElement,
  properties: XmlElement | undefined,
  readCell: (cell: XmlElement) => CellContent,
): Row {
  const cells: Cell[] = [];
  let start = count(val(properties, 'w:gridBefore'), 0);
  for (const element of grouped(row, 'w:tc')) {
    const format = child(element, 'w:tcPr');
    const span = count(val(format, 'w:gridSpan'), 1);
    const last = cells.at(-1);
    if (continues(format, 'w:hMerge') && last !== undefined) last.span += span;
    else cells.push({ start, span, isContinued: continues(format, 'w:vMerge'), ...readCell(element) });
    start += span;
  }
  return { cells, isHeader: isOn(properties, 'w:tblHeader') ?? false };
}

function count(value: string | undefined, least: number): number {
  const number = Number.parseInt(value ?? '', 10);
  return Number.isNaN(number) ? least : Math.min(Math.max(number, least), MAX_COLUMNS);
}

/** Merged, and not the first of the merged cells. */
function continues(format: XmlElement | undefined, name: string): boolean {
  const merge = child(format, name);
  return merge !== undefined && (merge.attributes['w:val'] ?? 'continue') === 'continue';
}

/** One column, columns of text side by side, or cells with headings and tables of their own. */
function isLayout(rows: readonly Row[]): boolean {
  const cells = rows.flatMap((row) => row.cells);
  if (rows.every((row) => row.cells.length <= 1)) return true;
  if (rows.length === 1 && cells.some(({ blocks }) => blocks.length > 1)) return true;
  return cells.some(({ blocks }) => {
    if (blocks.length > 1 && blocks.some(({ kind }) => kind === 'heading')) return true;
    return blocks.some((block) => block.kind === 'table' && block.rows.flat().length > MAX_NESTED_CELLS);
  });
}

/** A heading across the table divides it: what follows stands under it, with the same header. */
function sections(rows: readonly Row[], caption: string | undefined): Block[] {
  const blocks: Block[] = [];
  let part: Row[] = [];
  let header: readonly string[] | undefined;
  const end = () => {
    if (part.length === 0) return;
    const block = tableBlock(part.map(gridRow), blocks.length === 0 ? caption : undefined);
    if (header !== undefined && block.header === undefined) block.header = header;
    header = block.header;
    blocks.push(block);
    part = [];
  };
  for (const row of rows) {
    const [cell] = row.cells;
    if (row.cells.length === 1 && cell!.blocks.length === 1 && cell!.blocks[0]!.kind === 'heading') {
      end();
      blocks.push(cell!.blocks[0]!);
    } else part.push(row);
  }
  end();
  return blocks;
}

function gridRow({ cells, isHeader }: Row): GridRow {
  const grid = cells.map(({ blocks, notes: _notes, ...cell }) => ({
    ...cell,
    lines: blocks.flatMap((block) => blockLines(block)),
  }));
  return { cells: grid, isHeader };
}
