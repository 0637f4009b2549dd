/** Takes content apart into the pieces that passages are packed of: sentences, lines of code, rows of tables. */

import type { Block, CodeBlock, ContentBlock, PageRange, TableBlock, TextBlock } from '../types.ts';
import { cutToFit, type MeasuredRange, type Range } from './cut.ts';
import { sentences } from './sentences.ts';

/** A sentence, a line or a row, or a part of one, of a block's text. */
export interface Piece extends MeasuredRange, PageRange {
  paragraph: string;
  /** What stands above it in every passage: a table's caption and header. Its own line or lines. */
  lead: string | undefined;
  /** Tokens of `lead`. */
  leadTokens: number;
}

/** A header may take this share of a passage; a larger one is a row like the others. */
const LEAD_SHARE = 1 / 3;

/** Columns of a table that is read as records where its header has no room. */
const WIDE = 4;
const MAX_NAME = 80;
/** Characters that names may be repeated in: a larger table has its header once. */
const MAX_NAMES = 5_000_000;

/** A line of a list: "- a", "2. b", "(c) d", "[x] e". */
const LIST_MARK = /^\s*(?:[-*+•▪◦‣–]|\(?(?:\p{N}{1,3}|\p{L})[.)]|\[[ x]\])\s/iu;

/** The text of a block as it stands in a passage; a table's row is one line, "a | b | c". */
export function blockText(block: Block): string {
  if (block.kind !== 'table') return block.text;
  const { lead, rows } = tableLines(block);
  return [...lead, ...rows].join('\n');
}

/** The pieces of a block, none of more than `room` tokens by `encode` (with the lead, where they have one). */
export function piecesOf(block: ContentBlock, encode: (text: string) => Uint32Array, room: number): Piece[] {
  const measure = (text: string) => encode(text).length;
  if (block.kind === 'table') return rowPieces(block, measure, room);
  const ranges = block.kind === 'code' ? lineRanges(block) : sentenceRanges(block);
  const { page, pageEnd } = block;
  return ranges
    .flatMap((range) => cutToFit(block.text, range, measure, room))
    .map((range) => ({ ...range, paragraph: block.text, page, pageEnd, lead: undefined, leadTokens: 0 }));
}

function rowPieces(block: TableBlock, measure: (text: string) => number, room: number): Piece[] {
  const { lead: leadLines, rows } = tableLines(block);
  const lead = leadLines.join('\n');
  if (isWide(block) && leadCost(lead, measure) > room * LEAD_SHARE) return recordPieces(block, measure, room);
  return piecesUnder(lead, rows, block, measure, room);
}

/** Lines of a table, which all stand under the lead where it leaves them room; where it does not, it is one of them. */
function piecesUnder(
  lead: string,
  lines: readonly string[],
  { page, pageEnd }: TableBlock,
  measure: (text: string) => number,
  room: number,
): Piece[] {
  const cost = leadCost(lead, measure);
  const repeats = lead !== '' && lines.length > 0 && cost <= room * LEAD_SHARE;
  const paragraph = (repeats || lead === '' ? lines : [lead, ...lines]).join('\n');
  const leading = repeats ? { lead, leadTokens: cost } : { lead: undefined, leadTokens: 0 };
  return lineRanges({ text: paragraph })
    .flatMap((range) => cutToFit(paragraph, range, measure, room - leading.leadTokens))
    .map((range) => ({ ...range, paragraph, page, pageEnd, ...leading }));
}

function leadCost(lead: string, measure: (text: string) => number): number {
  return lead === '' ? 0 : measure(`${lead}\n`);
}

/** Whether the header names many columns, so that a row of values alone could not be understood. */
function isWide({ header = [], rows }: TableBlock): boolean {
  const names = header.reduce((sum, name) => sum + name.length, 0);
  return (
    header.length >= WIDE &&
    rows.length > 0 &&
    header.every((name) => name.length <= MAX_NAME) &&
    names * rows.length <= MAX_NAMES
  );
}

/** A table of more columns than a passage has room for: "column: value" in lines, each passage with its row's first. */
function recordPieces(block: TableBlock, measure: (text: string) => number, room: number): Piece[] {
  const { caption, header = [], rows } = block;
  const named = (cells: readonly string[]) =>
    cells.flatMap((cell, i) =>
      cell === '' ? [] : [(header[i] ?? '') === '' ? cell : `${header[i]}: ${cell}`],
    );
  return rows.flatMap((row) => {
    const [first, ...others] = named(row);
    const lead = [caption, first].filter((line) => line !== undefined).join('\n');
    return piecesUnder(lead, others, block, measure, room);
  });
}

function tableLines({ caption, header, rows }: TableBlock): { lead: string[]; rows: string[] } {
  const line = (cells: readonly string[]) => cells.join(' | ');
  return {
    lead: [...(caption === undefined ? [] : [caption]), ...(header === undefined ? [] : [line(header)])],
    rows: rows.map(line),
  };
}

function lineRanges({ text }: Pick<CodeBlock, 'text'>): Range[] {
  const ranges: Range[] = [];
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found + 1;
    ranges.push({ start, end });
    start = end;
  }
  return ranges;
}

/** A list's items are apart whatever their ends; other lines are wrapped text. */
function sentenceRanges({ text }: Pick<TextBlock, 'text'>): Range[] {
  const parts: Range[] = [];
  for (const line of lineRanges({ text })) {
    const last = parts.at(-1);
    if (last === undefined || LIST_MARK.test(text.slice(line.start, line.end))) parts.push(line);
    else last.end = line.end;
  }
  return parts.flatMap(({ start, end }) =>
    sentences(text.slice(start, end)).map((range) => ({
      start: range.start + start,
      end: range.end + start,
    })),
  );
}
