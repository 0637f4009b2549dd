/** Running headers and footers: what stands in the margins of many pages says nothing about any of them. */
import type { LayoutBlock, ParsedPage, TextItem } from '@llamaindex/liteparse';
import { bottom, middle, squeeze, uprightItems } from './lines.ts';

/** Headers and footers stand in these shares of a page's height. */
const BAND = 0.12;
const NUMBER = /\d+/g;
const SENTENCE = /\p{L}\s.*\p{L}[.!?]$/u;
const ROMAN = /^[ivxlc]{1,7}$/;

/** Finds them; what it learned of some pages holds for the pages that follow. */
export class Furniture {
  #pages = new Map<string, Set<number>>();
  #total = 0;

  learn(pages: readonly ParsedPage[]): void {
    this.#total += pages.length;
    for (const page of pages) {
      for (const item of bandItems(page)) {
        for (const key of keysOf(item, page)) {
          const seen = this.#pages.get(key) ?? new Set();
          this.#pages.set(key, seen.add(page.pageNum));
        }
      }
    }
  }

  /** The items of a page that are furniture. A title that runs as a header is left where it stands large. */
  itemsOf(page: ParsedPage, bodySize: number): TextItem[] {
    const needed = this.#total <= 3 ? 2 : 3;
    return bandItems(page).filter(
      (item) =>
        (item.fontSize ?? 0) < 1.3 * bodySize &&
        keysOf(item, page).some((key) => (this.#pages.get(key)?.size ?? 0) >= needed),
    );
  }
}

/** Takes furniture off the ends of a text that melted with it. */
export function withoutFurniture(text: string, furniture: readonly TextItem[], block: LayoutBlock): string {
  const near = furniture
    .filter((item) => block.bbox === undefined || overlaps(item, block.bbox))
    .map((item) => item.text.trim());
  for (let left = text.trim(), changed = true; ; ) {
    changed = false;
    for (const part of near) {
      if (left.startsWith(part)) left = left.slice(part.length).trim();
      else if (left.endsWith(part)) left = left.slice(0, -part.length).trim();
      else continue;
      changed = true;
    }
    if (!changed || left === '') return left;
  }
}

function overlaps(item: TextItem, box: { y: number; height: number }): boolean {
  return middle(item) >= box.y - 1 && middle(item) <= bottom(box as TextItem) + 1;
}

function bandItems(page: ParsedPage): TextItem[] {
  const band = BAND * page.height;
  return uprightItems(page).filter((item) => bottom(item) <= band || item.y >= page.height - band);
}

/**
 * Names under which an item may repeat: its text as it is, and with one of its numbers counted from the page's, so
 * that "Page 3 of 9" is the same on all pages but the first number of a table's row is not.
 */
function keysOf({ text, y }: TextItem, { pageNum, height }: ParsedPage): string[] {
  const place = y < height / 2 ? 'top' : 'bottom';
  const bare = text.trim();
  // A sentence that counts on ("Picture 3 shows the wall.") is text.
  const numbers = SENTENCE.test(bare) ? [] : [...bare.matchAll(NUMBER)];
  const keys = numbers.map(
    ({ 0: digits, index }) =>
      `${bare.slice(0, index)}#${Number(digits) - pageNum}${bare.slice(index + digits.length)}`,
  );
  const number = ROMAN.test(bare) ? fromRoman(bare) : undefined;
  if (number !== undefined) keys.push(`roman#${number - pageNum}`);
  // A number alone that is the same on several pages belongs to tables.
  if (squeeze(bare).replace(NUMBER, '') !== '' && number === undefined) keys.push(bare);
  return keys.map((key) => `${place} ${key}`);
}

function fromRoman(text: string): number {
  const values: Record<string, number> = { i: 1, v: 5, x: 10, l: 50, c: 100 };
  const digits = [...text].map((letter) => values[letter]!);
  return digits.reduce((sum, digit, i) => sum + (digit < (digits[i + 1] ?? 0) ? -digit : digit), 0);
}
