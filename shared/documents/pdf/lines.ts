/** Where text stands on a page: what all of this folder looks at beside the library's blocks. */
import type { ParsedPage, Rect, TextItem } from '@llamaindex/liteparse';

/** Items of one height, from left to right. */
export interface Line {
  items: TextItem[];
  box: Rect;
}

/** Items further apart than this share of their height are on different lines. */
const SAME_LINE = 0.5;

/** Text that reads like the page's body: not turned (a stamp in the margin), not blank. */
export function uprightItems({ textItems }: ParsedPage): TextItem[] {
  const shown = textItems.filter(({ text }) => text.trim() !== '');
  const upright = shown.filter(({ rotation }) => (rotation ?? 0) === 0);
  return upright.length * 2 >= shown.length ? upright : [];
}

/** A line's words as they are set. */
export function lineText({ items }: Pick<Line, 'items'>): string {
  return items.map(({ text }) => text.trim()).join(' ');
}

/** The lines of some items, from the top. */
export function linesOf(items: readonly TextItem[]): Line[] {
  const lines: Line[] = [];
  for (const item of [...items].sort((a, b) => middle(a) - middle(b))) {
    const last = lines.at(-1);
    if (last !== undefined && middle(item) - middle(last.items[0]!) <= SAME_LINE * item.height) {
      last.items.push(item);
    } else lines.push({ items: [item], box: item });
  }
  for (const line of lines) {
    line.items.sort((a, b) => a.x - b.x);
    line.box = union(line.items);
  }
  return lines;
}

export function union(rects: readonly Rect[]): Rect {
  const x = least(rects.map((rect) => rect.x));
  const y = least(rects.map((rect) => rect.y));
  const width = -least(rects.map((rect) => -(rect.x + rect.width))) - x;
  return { x, y, width, height: -least(rects.map((rect) => -(rect.y + rect.height))) - y };
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

/** Whether the middle of an item lies in a region, or no further than `slack` points from it. */
export function isInside(item: Rect, region: Rect, slack = 1): boolean {
  const x = item.x + item.width / 2;
  const y = middle(item);
  return (
    x >= region.x - slack &&
    x <= region.x + region.width + slack &&
    y >= region.y - slack &&
    y <= region.y + region.height + slack
  );
}

export const middle = ({ y, height }: Rect) => y + height / 2;
export const right = ({ x, width }: Rect) => x + width;
export const bottom = ({ y, height }: Rect) => y + height;

/** The size in which most characters are set. */
export function bodySize(pages: readonly ParsedPage[]): number {
  const characters = new Map<number, number>();
  for (const { textItems } of pages) {
    for (const { text, fontSize = 0 } of textItems) {
      const rounded = Math.round(fontSize * 2) / 2;
      characters.set(rounded, (characters.get(rounded) ?? 0) + text.length);
    }
  }
  return [...characters].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
}

/** Letters and digits only: the same however text is broken, hyphenated or marked up. */
export function squeeze(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();
}
