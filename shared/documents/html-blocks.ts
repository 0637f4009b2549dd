/**
 * Turns an HTML tree into blocks of readable text. `textContent` would join headings with the text after them; here
 * block elements separate the text. The walk is a loop and not a recursion, because pages nested 10,000 deep exist.
 */
import { blockText } from './pieces.ts';
import type { Block } from './types.ts';

/** Elements whose text is not the document's. */
const SKIPPED = new Set(
  (
    'SCRIPT STYLE NOSCRIPT TEMPLATE NAV HEAD TITLE SVG IFRAME OBJECT VIDEO AUDIO CANVAS ' +
    'BUTTON SELECT TEXTAREA DATALIST'
  ).split(' '),
);

/** Elements that neither start nor end a line. */
const INLINE = new Set(
  (
    'A ABBR B BDI BDO BIG CITE CODE DATA DEL DFN EM FONT I IMG INS KBD LABEL MARK METER OUTPUT Q RP RT RUBY ' +
    'S SAMP SMALL SPAN STRIKE STRONG SUB SUP TIME TT U VAR WBR'
  ).split(' '),
);

/** A table with one of these in it lays out a page and is read as blocks. */
const LAYOUT_CONTENT = 'table, pre, h1, h2, h3, h4, h5, h6';

const ELEMENT = 1;
const TEXT = 3;
const CDATA = 4;

/** The headings, paragraphs, lists, code blocks and tables below a node, in reading order. */
export function htmlBlocks(root: Element): Block[] {
  const walk = new BlockWalk();
  let node: Node = root;
  while (true) {
    const down = walk.enter(node);
    if (down && node.firstChild !== null) {
      node = node.firstChild;
      continue;
    }
    if (down) walk.leave(node);
    while (node !== root && node.nextSibling === null) {
      node = node.parentNode!;
      walk.leave(node);
    }
    if (node === root) return walk.end();
    node = node.nextSibling!;
  }
}

/** The text of any block. */
export function textOfBlock(block: Block): string {
  return block.kind === 'heading' ? block.text : blockText(block);
}

class BlockWalk {
  #blocks: Block[] = [];
  #text = '';
  #level: number | undefined;
  /** Lines of the outermost list under way: a list is one paragraph. */
  #list: string[] = [];
  /** Per open list the number of the next item, undefined in an unordered one. */
  #counters: (number | undefined)[] = [];
  #marker = '';

  /** Takes a node's start; false when nothing below it is to be visited (and `leave` is not called). */
  enter(node: Node): boolean {
    if (node.nodeType === TEXT || node.nodeType === CDATA) {
      this.#text += (node.nodeValue ?? '').replace(/\s+/g, ' ');
      return false;
    }
    if (node.nodeType !== ELEMENT) return false;
    const element = node as Element;
    const tag = element.tagName.toUpperCase();
    if (SKIPPED.has(tag) || isHidden(element)) return false;
    if (INLINE.has(tag)) return true;
    if (tag === 'BR') {
      this.#text += '\n';
      return false;
    }
    this.#flush();
    if (tag === 'PRE') return this.#whole({ kind: 'code', text: element.textContent ?? '' });
    if (tag === 'TABLE' && element.querySelector(LAYOUT_CONTENT) === null) {
      return this.#whole(tableOf(element));
    }
    if (/^H[1-6]$/.test(tag)) {
      this.#endList();
      this.#level = Number(tag[1]);
    } else if (tag === 'UL' || tag === 'OL')
      this.#counters.push(tag === 'OL' ? firstNumber(element) : undefined);
    else if (tag === 'LI') this.#marker = this.#nextMarker();
    return true;
  }

  leave(node: Node): void {
    const tag = (node as Element).tagName.toUpperCase();
    if (INLINE.has(tag)) return;
    this.#flush();
    if (/^H[1-6]$/.test(tag)) this.#level = undefined;
    else if (tag === 'UL' || tag === 'OL') {
      this.#counters.pop();
      if (this.#counters.length === 0) this.#endList();
    }
  }

  end(): Block[] {
    this.#flush();
    this.#endList();
    return this.#blocks;
  }

  #flush(): void {
    const text = this.#text
      .replace(/ *\n */g, '\n')
      .replace(/ +/g, ' ')
      .trim();
    this.#text = '';
    if (text === '') return;
    if (this.#counters.length === 0 || this.#level !== undefined) {
      const level = this.#level;
      this.#blocks.push(level === undefined ? { kind: 'text', text } : { kind: 'heading', level, text });
      return;
    }
    this.#list.push(this.#marker + text);
    this.#marker = '  '.repeat(Math.min(this.#counters.length, 8));
  }

  #whole(block: Block): false {
    this.#endList();
    this.#blocks.push(block);
    return false;
  }

  #endList(): void {
    if (this.#list.length > 0) {
      this.#blocks.push({ kind: 'text', text: this.#list.join('\n') });
    }
    this.#list = [];
  }

  #nextMarker(): string {
    const depth = this.#counters.length;
    const number = this.#counters.at(-1);
    if (number !== undefined) this.#counters[depth - 1] = number + 1;
    return `${'  '.repeat(Math.min(Math.max(depth - 1, 0), 8))}${number === undefined ? '-' : `${number}.`} `;
  }
}

function isHidden(element: Element): boolean {
  return (
    element.hasAttribute('hidden') ||
    element.getAttribute('role') === 'navigation' ||
    /display\s*:\s*none/i.test(element.getAttribute('style') ?? '')
  );
}

function firstNumber(list: Element): number {
  const start = Number.parseInt(list.getAttribute('start') ?? '', 10);
  return Number.isNaN(start) ? 1 : start;
}

function tableOf(table: Element): Block {
  const caption = table.querySelector('caption');
  const lines = [...table.querySelectorAll('tr')];
  const rows = lines.map((row) => [...row.querySelectorAll('th, td')].map(cellText));
  const hasHeader = lines[0]?.querySelector('td') === null;
  return {
    kind: 'table',
    caption: caption === null ? undefined : cellText(caption),
    header: hasHeader ? rows[0] : undefined,
    rows: hasHeader ? rows.slice(1) : rows,
  };
}

/** A cell's paragraphs on one line. */
function cellText(cell: Element): string {
  return htmlBlocks(cell).map(textOfBlock).join(' ');
}
