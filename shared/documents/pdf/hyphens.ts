/** Words that a line's end divides: whether the hyphen belongs to them is told from the document and from English. */
import type { ParsedPage } from '@llamaindex/liteparse';
import { bottom, right, uprightItems } from './lines.ts';

/** Parts of compounds, with the endings that make another word of them: self-aligning, but selfish. */
const COMPOUND_STARTS: Readonly<Record<string, RegExp | undefined>> = {
  self: /^ish/,
  well: /^(?:s|ing|ed|being)$/,
  long: /^(?:er|est|ed|ing|s|itud\w*|evity)$/,
  short: /^(?:er|est|ly|ness|age|ages|en|ens|ened|ening|cut|cuts|ing|hand)$/,
  high: /^(?:er|est|ly|ness|light\w*|land\w*|way\w*)$/,
  low: /^(?:er|est|ly|ness|ered|ering|ers|land\w*)$/,
  half: /^(?:way|time)$/,
  cross: /^(?:ing|ings|ed|es|ly|road\w*|word\w*)$/,
  non: /^(?:e|sens\w*|etheless)$/,
  re: /^[^eiou]|^(?:in|ign|un|is)/,
  co: /^[^aeiou]|^(?:al|at|ax|in|oin|oal|ol|on|un|urs|unt|ast|il|op)/,
  ...Object.fromEntries(
    ['two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'].map((number) => [
      number,
      /^(?:teen\w*|t|ty|ties|th|ths|fold|some|ds?|nis|ant\w*|sion\w*|der\w*|et)$/,
    ]),
  ),
};

const COMPOUND = /\p{L}+(?:-\p{L}+)+/gu;
const WORD = /\p{L}+/gu;
const BEFORE = /((?:\p{L}+-)*\p{L}+)-$/u;
const AFTER = /^\p{Ll}+/u;
/** No divided word is longer. */
const MAX_WORD = 80;

interface Divided {
  before: string;
  after: string;
}

/** What a document says of its words. */
export class Hyphens {
  #compounds = new Set<string>();
  #words = new Set<string>();
  #divided = new Map<number, Divided[]>();

  learn(pages: readonly ParsedPage[]): void {
    for (const page of pages) {
      const items = uprightItems(page);
      for (const { text } of items) {
        // Without the ends of lines, where words are divided.
        const inner = text.replace(/\S+$/, '').toLowerCase();
        for (const [compound] of inner.matchAll(COMPOUND)) this.#compounds.add(compound);
        for (const [word] of inner.matchAll(WORD)) this.#words.add(word);
      }
      const divided = dividedWords(items);
      if (divided.length > 0) this.#divided.set(page.pageNum, divided);
    }
  }

  /** Gives compounds of a page the hyphens back that were taken for those of divided words. */
  restore(text: string, page: number | undefined): string {
    let restored = text;
    for (const { before, after } of this.#divided.get(page ?? 0) ?? []) {
      if (!this.isCompound(before, after)) continue;
      restored = restored.split(before + after).join(`${before}-${after}`);
    }
    return restored;
  }

  /** Whether "before-" at a line's end and "after" at the start of the next are written with a hyphen. */
  isCompound(before: string, after: string): boolean {
    const [head, tail] = [before.toLowerCase(), after.toLowerCase()];
    const last = head.split('-').at(-1)!;
    if (this.#compounds.has(`${head}-${tail}`) || this.#compounds.has(`${last}-${tail}`)) return true;
    if (this.#words.has(head + tail) || this.#words.has(last + tail)) return false;
    if (head !== last) return true;
    return Object.hasOwn(COMPOUND_STARTS, last) && !COMPOUND_STARTS[last]!.test(tail);
  }

  /** Joins the two sides of a line's or page's end. */
  join(above: string, below: string): string {
    const before = BEFORE.exec(above.slice(-MAX_WORD))?.[1];
    const after = AFTER.exec(below)?.[0];
    if (above.endsWith('\u00ad')) return above.slice(0, -1) + below;
    if (before === undefined || after === undefined) return `${above} ${below}`;
    return (this.isCompound(before, after) ? above : above.slice(0, -1)) + below;
  }
}

/** Ends of lines with a hyphen, and the starts of the lines below them. */
function dividedWords(items: ReturnType<typeof uprightItems>): Divided[] {
  return items.flatMap((item, i) => {
    const before = BEFORE.exec(item.text.trimEnd().slice(-MAX_WORD))?.[1];
    if (before === undefined) return [];
    // The next line follows its own in reading order; in columns drawn across, it is further on.
    const below = items
      .slice(i + 1, i + 12)
      .find(
        (next) =>
          AFTER.test(next.text) &&
          next.x < right(item) &&
          item.x < right(next) &&
          next.y > item.y &&
          next.y - bottom(item) < item.height,
      );
    const after = below && AFTER.exec(below.text)?.[0];
    return after === undefined ? [] : [{ before, after }];
  });
}
