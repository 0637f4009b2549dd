/** Lists as lines of text: "- first", "2. second", "term: text", two blanks of indent a level. */
import { attr, type HtmlElement } from './tree.ts';

interface OpenList {
  kind: 'marks' | 'numbers' | 'terms';
  /** The next item's number. */
  next: number;
  step: 1 | -1;
  style: string;
  /** The lines of the last terms, or the line of their text; another line after it parts them. */
  term: { first: number; line: number; isAnswered: boolean } | undefined;
}

const MAX_INDENT = 8;
const LISTS: Readonly<Record<string, OpenList['kind']>> = {
  ul: 'marks',
  menu: 'marks',
  dir: 'marks',
  ol: 'numbers',
  dl: 'terms',
};

/** Whether a tag is that of a list. */
export function isList(tag: string): boolean {
  return Object.hasOwn(LISTS, tag);
}

/** The lines of the outermost list under way, with what is nested in it. */
export class ListLines {
  #lines: string[] = [];
  #open: OpenList[] = [];
  /** What stands before the next line of the item. */
  #marker = '';
  /** The part of a definition list that is open, and whether it has begun. */
  #part: { tag: 'dt' | 'dd'; isNew: boolean } | undefined;

  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  start(list: HtmlElement, tag: string): void {
    const isReversed = attr(list, 'reversed') !== undefined;
    const items = isReversed ? list.childNodes.filter(({ nodeName }) => nodeName === 'li').length : 1;
    this.#open.push({
      kind: LISTS[tag]!,
      next: whole(attr(list, 'start')) ?? items,
      step: isReversed ? -1 : 1,
      style: attr(list, 'type') ?? '1',
      term: undefined,
    });
    this.#part = undefined;
    this.#marker = this.#indent();
  }

  end(): void {
    this.#open.pop();
    this.#marker = this.#indent();
    this.#part = this.#open.at(-1)?.kind === 'terms' ? { tag: 'dd', isNew: false } : undefined;
  }

  /** An item (li), a term (dt) or its text (dd) begins. */
  item(element: HtmlElement, tag: string): void {
    const list = this.#open.at(-1);
    if (list === undefined) return;
    if (tag === 'dt' || tag === 'dd') {
      this.#part = { tag, isNew: true };
      return;
    }
    this.#part = undefined;
    const number = whole(attr(element, 'value')) ?? list.next;
    list.next = number + list.step;
    const mark = list.kind === 'numbers' ? `${numeral(number, list.style)}.` : '-';
    this.#marker = `${this.#indent(1)}${mark} `;
  }

  /** A paragraph of the item. */
  add(text: string): void {
    const list = this.#open.at(-1)!;
    if (list.kind === 'terms' && this.#part !== undefined && this.#addTerm(list, text, this.#part)) return;
    const marker = this.#lines.length === 0 && this.#marker.trim() === '' ? '' : this.#marker;
    this.#lines.push(marker + text.replaceAll('\n', `\n${this.#indent()}`));
    this.#marker = this.#indent();
  }

  /** The lines so far; the list begins anew, as after a table in it. */
  take(): string {
    const text = this.#lines.join('\n');
    this.#lines = [];
    for (const list of this.#open) list.term = undefined;
    return text;
  }

  /** Takes a part of a definition list; false for a further paragraph, which has its own line. */
  #addTerm(list: OpenList, text: string, part: { tag: 'dt' | 'dd'; isNew: boolean }): boolean {
    const last = this.#lines.length - 1;
    const { term } = list;
    const follows = term?.line === last && part.isNew;
    part.isNew = false;
    if (part.tag === 'dt') {
      const first = follows && !term!.isAnswered ? term!.first : last + 1;
      list.term = { first, line: last + 1, isAnswered: false };
      this.#lines.push(this.#indent(1) + text);
      return true;
    }
    if (!follows) return false;
    if (term!.isAnswered) this.#lines[last] += `; ${text}`;
    else {
      const terms = this.#lines.splice(term!.first).map((line) => line.trim());
      const named = terms.join(', ');
      this.#lines.push(`${this.#indent(1)}${named}${named.endsWith(':') ? '' : ':'} ${text}`);
      list.term = { first: term!.first, line: term!.first, isAnswered: true };
    }
    return true;
  }

  #indent(less = 0): string {
    return '  '.repeat(Math.max(0, Math.min(this.#open.length - less, MAX_INDENT)));
  }
}

function whole(text: string | undefined): number | undefined {
  const number = Number.parseInt(text ?? '', 10);
  return Number.isNaN(number) ? undefined : number;
}

/** A list's number as it is shown: 3, c, C, iii or III. */
function numeral(number: number, style: string): string {
  if (style === 'a' || style === 'A') {
    const letters = alphabetic(number);
    return style === 'a' ? letters : letters.toUpperCase();
  }
  if (style === 'i' || style === 'I') return style === 'i' ? roman(number) : roman(number).toUpperCase();
  return String(number);
}

function alphabetic(number: number): string {
  let letters = '';
  for (let rest = number; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCharCode(97 + ((rest - 1) % 26)) + letters;
  }
  return letters || String(number);
}

function roman(number: number): string {
  if (number < 1 || number > 3999) return String(number);
  const digits = [
    ['', 'm', 'mm', 'mmm'],
    ['', 'c', 'cc', 'ccc', 'cd', 'd', 'dc', 'dcc', 'dccc', 'cm'],
    ['', 'x', 'xx', 'xxx', 'xl', 'l', 'lx', 'lxx', 'lxxx', 'xc'],
    ['', 'i', 'ii', 'iii', 'iv', 'v', 'vi', 'vii', 'viii', 'ix'],
  ];
  return [...String(number).padStart(4, '0')].map((digit, i) => digits[i]![Number(digit)]).join('');
}
