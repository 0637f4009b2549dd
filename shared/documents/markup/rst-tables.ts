/** Tables of reStructuredText: drawn ones (grid and simple), and those of directives. */
import { parseCsv } from '../data/csv.ts';
import type { Block, TableBlock } from '../types.ts';

const GRID_RULE = /^\+(?:[-=]+\+)+$/;
const SIMPLE_RULE = /^={2,}(?:\s+={2,})+$/;

/** The table that is drawn in some lines; undefined where they are not drawn right. */
export function drawnTable(lines: readonly string[], text: (cell: string) => string): TableBlock | undefined {
  const drawn = lines.map((line) => line.trim()).filter((line) => line !== '');
  const rows = GRID_RULE.test(drawn[0] ?? '') ? gridRows(drawn) : simpleRows(lines);
  if (rows === undefined) return undefined;
  const shown = (all: string[][]) => all.map((row) => row.map((cell) => text(cell.trim())));
  return table(shown(rows.head), shown(rows.body));
}

/** `.. list-table::`, whose rows are lists of cells. */
export function listTable(lines: readonly string[], headerRows: number, text: (cell: string) => string) {
  const rows: string[][] = [];
  for (const line of lines) {
    const [, row, cell, content] = /^\s*(\*\s+)?(-(?:\s+|$))?(.*)$/.exec(line)!;
    if (row !== undefined) rows.push([]);
    const last = rows.at(-1);
    if (last === undefined) continue;
    if (cell !== undefined) last.push(content!);
    else if (content !== '' && last.length > 0) last.push(`${last.pop()} ${content}`.trim());
  }
  const shown = rows.map((row) => row.map((cell) => text(cell.trim())));
  return table(shown.slice(0, headerRows), shown.slice(headerRows));
}

/** `.. csv-table::`, whose header is an option or its first rows. */
export function csvTable(
  lines: readonly string[],
  header: string,
  headerRows: number,
): TableBlock | undefined {
  const rowsOf = (text: string) => parseCsv(text.replace(/,[ \t]{1,20}"/g, ',"')).blocks.flatMap(cellsOf);
  const [named, ...body] = [header, lines.map((line) => line.trim()).join('\n')].map(rowsOf);
  const rows = body.flat();
  return table([...named!, ...rows.slice(0, headerRows)], rows.slice(headerRows));
}

function cellsOf(block: Block): (readonly string[])[] {
  if (block.kind !== 'table') return [[block.text]];
  return block.header === undefined ? [...block.rows] : [block.header, ...block.rows];
}

function table(
  head: readonly (readonly string[])[],
  body: readonly (readonly string[])[],
): TableBlock | undefined {
  if (head.length + body.length === 0) return undefined;
  const width = Math.max(...head.map((row) => row.length), 0);
  const header = Array.from({ length: width }, (_, i) =>
    head
      .map((row) => row[i] ?? '')
      .filter((cell) => cell !== '')
      .join(' '),
  );
  if (body.length === 0) return { kind: 'table', rows: head };
  return width === 0 ? { kind: 'table', rows: body } : { kind: 'table', header, rows: body };
}

interface Rows {
  head: string[][];
  body: string[][];
}

/** Cells between bars; one whose bars are not those of the first rule spans columns. */
function gridRows(lines: readonly string[]): Rows | undefined {
  const rows: string[][] = [];
  let head = 0;
  let open = false;
  for (const line of lines.slice(1)) {
    if (line.startsWith('+')) {
      open = false;
      if (line.includes('=') && head === 0) head = rows.length;
    } else if (line.startsWith('|')) {
      const cells = line
        .replace(/\|$/, '')
        .slice(1)
        .split(/[|+](?:\s|$|-)/)
        .map((cell) => cell.replace(/^-+$/, '').trim());
      const last = rows.at(-1);
      if (open && last !== undefined && last.length === cells.length) {
        for (const [i, cell] of cells.entries()) last[i] = `${last[i]} ${cell}`.trim();
      } else rows.push(cells);
      open = true;
    } else return undefined;
  }
  return { head: rows.slice(0, head), body: rows.slice(head) };
}

/** Cells below the rules' parts; a line without a first cell goes on with the row above. */
function simpleRows(lines: readonly string[]): Rows | undefined {
  const isRule = (line: string) => SIMPLE_RULE.test(line.trim());
  const rule = lines[0] ?? '';
  if (!isRule(rule)) return undefined;
  const starts = [...rule.matchAll(/=+/g)].map(({ index }) => index);
  const parts: string[][][] = [[]];
  for (const line of lines.slice(1)) {
    if (isRule(line)) parts.push([]);
    else if (!/^\s*[-=][-=\s]*$/.test(line)) {
      const cells = starts.map((start, i) => line.slice(start, starts[i + 1]).trim());
      const above = parts.at(-1)!.at(-1);
      if (cells[0] === '' && above !== undefined) {
        for (const [i, cell] of cells.entries()) above[i] = `${above[i]} ${cell}`.trim();
      } else parts.at(-1)!.push(cells);
    }
  }
  const filled = parts.filter((rows) => rows.length > 0);
  return filled.length > 1
    ? { head: filled[0]!, body: filled.slice(1).flat() }
    : { head: [], body: filled[0] ?? [] };
}
