/** Tables without rules that the library takes for columns of text: short lines beside each other, at the same heights. */
import type { LayoutBlock, Rect, TextItem } from '@llamaindex/liteparse';
import { isInside, type Line, linesOf, lineText, middle, right } from './lines.ts';
import { NUMBER } from './tables.ts';

/** Rows that were found, and how many of the blocks they are made of. */
export interface AlignedTable {
  rows: string[][];
  items: TextItem[];
  blocks: number;
}

const MAX_COLUMNS = 30;
/** Columns whose lines have more words are text. */
const MAX_MEAN_WORDS = 3;
const MAX_WORDS = 7;
/** So many of the rows have text in more than one column. */
const MIN_SHARED = 0.6;

/** The table that the blocks from `start` on are the columns of, if they are. */
export function alignedTable(
  source: readonly LayoutBlock[],
  start: number,
  items: readonly TextItem[],
): AlignedTable | undefined {
  const boxes: Rect[] = [];
  for (const { kind, bbox } of source.slice(start, start + MAX_COLUMNS)) {
    if (bbox === undefined || (kind !== 'paragraph' && kind !== 'heading')) break;
    const [first] = boxes;
    const isBeside =
      first === undefined ||
      (bbox.x >= right(boxes.at(-1)!) && Math.abs(bbox.y - first.y) <= bbox.height / 2);
    if (!isBeside) break;
    boxes.push(bbox);
  }
  if (boxes.length < 2) return undefined;
  const columns = boxes.map((box) => linesOf(items.filter((item) => isInside(item, box))));
  if (!columns.every(isColumn)) return undefined;
  const lines = linesOf(columns.flat().flatMap((line) => line.items));
  const rows = lines.map((line) =>
    columns.map((column) => {
      const own = column.find(({ items: [first] }) => line.items.includes(first!));
      return own === undefined ? '' : lineText(own);
    }),
  );
  const shared = rows.filter((row) => row.filter((cell) => cell !== '').length > 1).length;
  if (shared < 2 || shared < MIN_SHARED * rows.length || !isTabular(columns)) return undefined;
  return { rows, items: lines.flatMap((line) => line.items), blocks: columns.length };
}

function isColumn(lines: readonly Line[]): boolean {
  const words = lines.map((line) => lineText(line).split(/\s+/).length);
  const all = words.reduce((sum, count) => sum + count, 0);
  return lines.length > 0 && all <= MAX_MEAN_WORDS * lines.length && Math.max(...words) <= MAX_WORDS;
}

/** Three columns, one of numbers, one set to the right, or labels with colons; two addresses are none. */
function isTabular(columns: readonly Line[][]): boolean {
  if (columns.length > 2) return true;
  const [labels, values] = columns as [Line[], Line[]];
  const share = (lines: readonly Line[], test: (text: string) => boolean) =>
    lines.filter((line) => test(lineText(line))).length / lines.length;
  if (share(values, (text) => NUMBER.test(text)) >= MIN_SHARED) return true;
  if (share(labels, (text) => text.endsWith(':')) >= MIN_SHARED) return true;
  const spread = (places: number[]) => Math.max(...places) - Math.min(...places);
  return (
    values.length > 1 &&
    spread(values.map(({ box }) => right(box))) < 1 &&
    spread(values.map(({ box }) => box.x)) > 3
  );
}

/** Lines that are turned by a right angle, as tables across a page are, in their reading order; not stamps in margins. */
export function turnedLines(
  items: readonly TextItem[],
  width: number,
): { text: string; x: number; isUpward: boolean }[] {
  const inner = items.filter(
    (item) => item.text.trim() !== '' && right(item) > MARGIN * width && item.x < (1 - MARGIN) * width,
  );
  return [270, 90].flatMap((angle) => {
    const turned = inner.filter(({ rotation = 0 }) => Math.abs(rotation - angle) < 1);
    // As if the page were turned: what runs up it runs to the right.
    const upright = turned.map((item) => ({
      ...item,
      x: angle === 270 ? -item.y - item.height : item.y,
      y: angle === 270 ? item.x : -item.x - item.width,
      width: item.height,
      height: item.width,
    }));
    return linesOf(upright).map((line) => ({
      text: lineText(line),
      x: angle === 270 ? middle(line.box) : -middle(line.box),
      isUpward: angle === 270,
    }));
  });
}

/** Stamps stand in this share of the width on either side. */
const MARGIN = 0.12;
