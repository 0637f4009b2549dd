/** A page's blocks: the library's, without furniture, with tables put right, and with the text that it lost. */
import type { LayoutBlock, ParsedPage, TextItem } from '@llamaindex/liteparse';
import type { Block } from '../types.ts';
import { type AlignedTable, alignedTable, turnedLines } from './aligned.ts';
import { withoutFurniture } from './furniture.ts';
import { plainText, readingText } from './inline.ts';
import { bottom, isInside, linesOf, lineText, middle, squeeze, uprightItems } from './lines.ts';
import { splitParagraphs } from './paragraphs.ts';
import { continuesTable, looksLikeHeader, readTable } from './tables.ts';

const MAX_HEADING = 200;
/** Letters of a heading are larger than the text's by this factor, where the library sees bold text only. */
const HEADING_SIZE = 1.2;
/** Turned letters of a page without a turned table that are text. */
const MIN_TURNED = 80;
const MONOSPACED = /mono|courier|consol|typewriter|cmtt|menlo|fixed|code/i;

/** What a block was made from, in the order of the page. */
interface Placed {
  blocks: Block[];
  /** Where the block ends on the page. */
  end: number;
  /** Where a turned table begins from the left. */
  x?: number | undefined;
}

/** @param furniture the page's running headers and footers @param bodySize of the document's letters */
export function pageBlocks(page: ParsedPage, furniture: readonly TextItem[], bodySize: number): Block[] {
  const running = new Set(furniture);
  const items = uprightItems(page).filter((item) => !running.has(item));
  const placed: Placed[] = [];
  const source = (page.blocks ?? []).filter(({ kind }) => kind !== 'rule' && kind !== 'figure');
  for (let i = 0; i < source.length; i++) {
    const block = source[i]!;
    const aligned = alignedTable(source, i, items);
    if (aligned !== undefined) {
      const last = i + aligned.blocks - 1;
      placed.push({
        blocks: [alignedBlock(aligned)],
        end: Math.max(...source.slice(i, last + 1).map(endOf)),
      });
      i = last;
    } else if (block.kind === 'table') {
      const parts = [block];
      const itemsIn = (part: LayoutBlock) => items.filter((item) => part.bbox && isInside(item, part.bbox));
      for (let next = source[i + 1]; next !== undefined && isText(next); next = source[i + 1]) {
        if (!continuesTable(itemsIn(next), block)) break;
        parts.push(next);
        i++;
      }
      placed.push({
        blocks: tableBlocks(block, parts.flatMap(itemsIn)),
        end: endOf(parts.at(-1)!),
        x: isTurned(block, page) ? block.bbox?.x : undefined,
      });
    } else {
      placed.push({ blocks: textBlocks(block, items, furniture, bodySize), end: endOf(block) });
    }
  }
  for (const { text, y } of lostText(placed, items)) {
    const at = placed.findLastIndex(({ end }) => end <= y);
    placed.splice(at + 1, 0, { blocks: [{ kind: 'text', text }], end: y });
  }
  placeTurned(placed, page);
  return placed
    .flatMap(({ blocks }) => blocks)
    .map((block) => ({ ...block, page: block.page ?? page.pageNum }));
}

function isTurned({ bbox }: LayoutBlock, { textItems }: ParsedPage): boolean {
  return textItems.some(
    ({ rotation = 0, ...item }) =>
      Math.round(rotation) % 180 === 90 && bbox !== undefined && isInside(item, bbox),
  );
}

/** Puts turned lines that are in no block before or after the table that is turned like them. */
function placeTurned(placed: Placed[], page: ParsedPage): void {
  const turned = turnedLines(page.textItems, page.width);
  if (turned.length === 0) return;
  const table = placed.findIndex(({ x }) => x !== undefined);
  const at = table < 0 ? placed.length : table;
  const lost = turned.filter(lostIn(placed));
  // Names of axes say nothing without their pictures.
  if (table < 0 && squeeze(lost.map(({ text }) => text).join('')).length < MIN_TURNED) return;
  const isBefore = ({ x, isUpward }: (typeof lost)[number]) => isUpward && x < (placed[table]?.x ?? Infinity);
  const asPlaced = (lines: typeof lost): Placed[] =>
    lines.map(({ text }) => ({ blocks: [{ kind: 'text', text: plainText(text) }], end: 0 }));
  placed.splice(Math.min(at + 1, placed.length), 0, ...asPlaced(lost.filter((line) => !isBefore(line))));
  placed.splice(at, 0, ...asPlaced(lost.filter(isBefore)));
}

function alignedBlock({ rows, items }: AlignedTable): Block {
  const shown = rows.map((row) => row.map(plainText));
  const [first, ...rest] = shown;
  if (rest.length === 0 || !looksLikeHeader(first!, rest, items)) return { kind: 'table', rows: shown };
  return { kind: 'table', header: first, rows: rest };
}

const isText = ({ kind }: LayoutBlock) => kind === 'paragraph' || kind === 'list_item' || kind === 'table';
const endOf = ({ bbox }: LayoutBlock) => (bbox === undefined ? 0 : bottom(bbox));

function tableBlocks(block: LayoutBlock, items: readonly TextItem[]): Block[] {
  const { before, header, rows, after } = readTable(block, items);
  const text = (lines: string[]): Block[] =>
    lines.length > 0 ? [{ kind: 'text', text: lines.join(' ') }] : [];
  const table: Block[] = rows.length > 0 ? [{ kind: 'table', header, rows }] : [];
  return [...text(before), ...table, ...text(after)];
}

function textBlocks(
  block: LayoutBlock,
  items: readonly TextItem[],
  furniture: readonly TextItem[],
  bodySize: number,
): Block[] {
  const own = items.filter((item) => block.bbox !== undefined && isInside(item, block.bbox));
  if (block.kind === 'code' || block.kind === 'grid_fallback') {
    const text = (block.lines ?? []).join('\n');
    // The library's lines have lost their indentation.
    const laidOut = block.kind === 'code' && own.length > 0 ? codeLines(own) : text;
    return [{ kind: 'code', text: squeeze(laidOut) === squeeze(text) ? laidOut : text }];
  }
  const shown = linesOf(own).flatMap((line) => line.items.map((item) => item.text));
  const letters = shown.join('').replace(/\s/g, '');
  const text = withoutFurniture(readingText(block.text ?? '', letters), furniture, block);
  if (text === '') return [];
  if (block.kind === 'list_item') {
    const marker = block.ordered ? (block.marker ?? '1.') : '-';
    return [{ kind: 'text', text: `${'  '.repeat(block.level ?? 0)}${marker} ${text}` }];
  }
  const size = Math.min(...own.map(({ fontSize = 0 }) => fontSize));
  const isHeading =
    block.kind === 'heading' || (block.bold && own.length > 0 && size >= HEADING_SIZE * bodySize);
  if (isHeading && text.length <= MAX_HEADING && /\p{L}/u.test(text) && !text.includes('\n')) {
    return headings(text, items, block);
  }
  if (own.length > 1 && own.every(({ fontName = '' }) => MONOSPACED.test(fontName))) {
    return [{ kind: 'code', text: codeLines(own) }];
  }
  return splitParagraphs(text, own).map((part) => ({ kind: 'text', text: part }));
}

/** Two headings of one size are one block to the library: lines that are not set alike are headings of their own. */
function headings(text: string, items: readonly TextItem[], block: LayoutBlock): Block[] {
  const level = block.level ?? 1;
  const whole = squeeze(text);
  const lines = linesOf(items.filter(({ y }) => block.bbox === undefined || y >= block.bbox.y - 1)).slice(
    0,
    6,
  );
  const parts: string[] = [];
  let taken = '';
  lines.forEach(({ items: own, box }, i) => {
    const line = lineText({ items: own });
    if (taken === whole || !whole.startsWith(taken + squeeze(line))) return;
    taken += squeeze(line);
    const above = lines[i - 1]?.box;
    const alike =
      above !== undefined &&
      (Math.abs(above.x - box.x) < 3 || Math.abs(above.x + above.width / 2 - box.x - box.width / 2) < 3) &&
      box.y - bottom(above) < 0.5 * box.height;
    if (parts.length > 0 && alike) parts.push(`${parts.pop()} ${line}`);
    else parts.push(line);
  });
  const isWhole = taken === whole && parts.length > 1;
  return (isWhole ? parts : [text]).map((part) => ({ kind: 'heading', level, text: plainText(part) }));
}

/** Lines of program text with their indentation. */
function codeLines(items: readonly TextItem[]): string {
  const lines = linesOf(items);
  const left = Math.min(...lines.map(({ box }) => box.x));
  return lines
    .map(({ items: own, box }) => {
      const width = Math.max(1, own[0]!.width / Math.max(1, own[0]!.text.length));
      return ' '.repeat(Math.round((box.x - left) / width)) + own.map(({ text }) => text).join(' ');
    })
    .join('\n');
}

/** Lines whose text is in no block. */
function lostText(placed: readonly Placed[], items: readonly TextItem[]): { text: string; y: number }[] {
  return linesOf(items.filter(lostIn(placed))).map((line) => ({
    text: plainText(lineText(line)),
    y: middle(line.box),
  }));
}

/** Whether a text is in no block. */
function lostIn(placed: readonly Placed[]): (part: { text: string }) => boolean {
  const kept = squeeze(placed.flatMap(({ blocks }) => blocks.map(textOf)).join(''));
  return ({ text }) => squeeze(text).length > 1 && !kept.includes(squeeze(text));
}

function textOf(block: Block): string {
  if (block.kind !== 'table') return block.text;
  return [block.header ?? [], ...block.rows].flat().join('');
}
