/** CSV and its kin: one table, whatever parts its cells. */
import Papa from 'papaparse';
import type { Block, Content } from '../types.ts';

const DELIMITERS = [',', ';', '\t', '|'];
/** Rows by which the delimiter is chosen. */
const SAMPLE_ROWS = 50;
const SAMPLE_LENGTH = 200_000;

/** Reads a table; lines of one cell above it are text. A file whose lines have no common delimiter is a list. */
export function parseCsv(text: string): Content {
  const stated = /^sep=(.)\n/.exec(text)?.[1];
  const body = stated === undefined ? text : text.slice(text.indexOf('\n') + 1);
  const rows = readRows(body, stated ?? likelyDelimiter(body)).filter((row) =>
    row.some((cell) => /\S/.test(cell)),
  );
  const width = commonWidth(rows);
  const first =
    width < 3
      ? 0
      : Math.max(
          0,
          rows.findIndex((row) => filled(row) > 1),
        );
  const blocks: Block[] = rows.slice(0, first).map((row) => ({ kind: 'text', text: row.join(' ') }));
  const [head, ...rest] = rows.slice(first).map((row) => row.map(withoutLineEnds));
  if (head === undefined) return { blocks };
  if (rest.length > 0 && isHeader(head, rest)) blocks.push({ kind: 'table', header: head, rows: rest });
  else blocks.push({ kind: 'table', rows: [head, ...rest] });
  return { blocks };
}

function readRows(text: string, delimiter: string, preview = 0): string[][] {
  const { data, errors } = Papa.parse<string[]>(text, { delimiter, preview, newline: '\n' });
  // A quotation mark that is never closed is one of the text: it must not swallow the rows below.
  if (!errors.some(({ type }) => type === 'Quotes')) return data;
  return text.split('\n', preview || undefined).map((line) => line.split(delimiter));
}

/** The delimiter that gives the most rows of the same width, and the widest among equals. */
function likelyDelimiter(text: string): string {
  const sample = text.slice(0, SAMPLE_LENGTH);
  let best = { delimiter: ',', score: 0 };
  for (const delimiter of DELIMITERS) {
    const rows = readRows(sample, delimiter, SAMPLE_ROWS).filter((row) => row.some((cell) => cell !== ''));
    const width = commonWidth(rows);
    if (width < 2) continue;
    const same = rows.filter((row) => row.length === width).length / rows.length;
    const score = same + Math.min(width, 50) / 1000;
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}

function commonWidth(rows: readonly string[][]): number {
  const counts = new Map<number, number>();
  for (const { length } of rows.slice(0, SAMPLE_ROWS)) counts.set(length, (counts.get(length) ?? 0) + 1);
  const [common] = [...counts].sort(([a, n], [b, m]) => m - n || b - a);
  return common?.[0] ?? 0;
}

function filled(row: readonly string[]): number {
  return row.filter((cell) => /\S/.test(cell)).length;
}

/** Names of columns: each there, none twice, none a number, as the cells below may be. */
function isHeader(head: readonly string[], rest: readonly (readonly string[])[]): boolean {
  const names = head.map((cell) => cell.trim());
  if (names.some((name) => /^[-+(]?[\d.,\s]+[%)]?$/.test(name) && !/^(?:19|20)\d\d$/.test(name)))
    return false;
  const empty = names.filter((name) => name === '').length;
  const isDistinct = new Set(names).size >= names.length - Math.max(0, empty - 1);
  return isDistinct && empty <= names.length / 2 && rest.some((row) => row.length > 1 || names.length === 1);
}

function withoutLineEnds(cell: string): string {
  return cell
    .split('\n')
    .map((line) => line.trim())
    .join(' ');
}
