/** Code in HTML: preformatted text as it stands, without the numbers of its lines. */
import { namesOf } from './noise.ts';
import type { TableParts } from './tables.ts';
import { attr, type HtmlElement, type HtmlNode, isElement, rawText, walkTree } from './tree.ts';

/** What Pygments, GitHub, Rouge, highlight.js and others call the numbers of lines. */
const NUMBER_NAME =
  /^(?:linenos?|lineno-?\w*|linenumbers?|line-?numbers?(?:-rows)?|line-num|linenodiv|blob-num|gutter|gl|lnt|hljs-ln-numbers|rouge-gutter|code-line-number)$/;
const CODE_NAME = /^(?:blob-code|hljs-ln-code|rouge-code)$/;
const PREFORMATTED = new Set(['pre', 'listing', 'xmp', 'plaintext', 'ac:plain-text-body']);
const LINES = new Set(['div', 'li', 'p', 'tr']);
const UNREAD = new Set(['button', 'script', 'style', 'template']);
const STYLE_LENGTH = 1000;

/** Whether an element's white space stands as it is. */
export function isPreformatted(element: HtmlElement, tag: string): boolean {
  if (PREFORMATTED.has(tag)) return true;
  const style = attr(element, 'style');
  return style !== undefined && /white-space\s*:\s*pre(?!-line)/i.test(style.slice(0, STYLE_LENGTH));
}

/** The text of preformatted elements, a line each where they are lines. */
export function codeText(element: HtmlElement): string {
  const parts: string[] = [];
  let endsLine = true;
  const add = (text: string) => {
    if (text === '') return;
    parts.push(text);
    endsLine = text.endsWith('\n');
  };
  const enter = (node: HtmlNode) => {
    if (node.nodeName === '#text' && 'value' in node) add(node.value);
    if (!isElement(node)) return false;
    if (node.tagName === 'br') add('\n');
    if (UNREAD.has(node.tagName) || isLineNumber(node) || isLineLink(node)) return false;
    if (LINES.has(node.tagName) && !endsLine) add('\n');
    return true;
  };
  walkTree(element, enter, ({ tagName }) => {
    if (LINES.has(tagName) && !endsLine) add('\n');
  });
  return parts.join('').replace(/\r\n?/g, '\n').replace(/\n$/, '');
}

/** The code that a table shows beside the numbers of its lines; undefined for other tables. */
export function codeInTable({ rows }: TableParts): string | undefined {
  const numbered = rows.filter(
    ({ cells }) => cells.some((cell) => isLineNumber(cell)) || numbersLines(cells),
  );
  if (numbered.length === 0 || numbered.length < rows.length / 2) return undefined;
  const lines: string[] = [];
  for (const { cells } of rows) {
    const code = numbersLines(cells) ? cells.slice(1) : cells.filter((cell) => !isLineNumber(cell));
    const isCode = (cell: HtmlElement) =>
      holdsPre(cell) || namesOf(cell).some((name) => CODE_NAME.test(name) || name === 'code');
    if (!code.every((cell) => isCode(cell) || rawText(cell).trim() === '')) return undefined;
    lines.push(code.map(codeText).join(' '));
  }
  return lines.join('\n');
}

function isLineNumber(element: HtmlElement): boolean {
  return element.attrs.length > 0 && namesOf(element).some((name) => NUMBER_NAME.test(name));
}

/** A line's number that links to itself: <a href="#L12">12</a>. */
function isLineLink({ tagName, childNodes, attrs }: HtmlElement): boolean {
  const [text] = childNodes;
  if (tagName !== 'a' || childNodes.length !== 1 || !('value' in text!)) return false;
  const [number = ''] = /^\d{1,9}$/.exec(text.value.trim()) ?? [];
  const href = attrs.find(({ name }) => name === 'href')?.value ?? '';
  return (
    number !== '' &&
    href.startsWith('#') &&
    /^#\D*$/.test(href.slice(0, -number.length)) &&
    href.endsWith(number)
  );
}

/** Whether the first of two cells counts the lines of the second: 1, 2, 3. */
function numbersLines(cells: readonly HtmlElement[]): boolean {
  const [first, second] = cells;
  if (cells.length !== 2 || !holdsPre(second!)) return false;
  const numbers = rawText(first!).trim().split(/\s+/);
  const start = Number(numbers[0]);
  if (!Number.isInteger(start) || numbers[0] === '') return false;
  const lines = codeText(second!).trimEnd().split('\n').length;
  return numbers.every((number, i) => number === String(start + i)) && Math.abs(numbers.length - lines) <= 1;
}

function holdsPre(cell: HtmlElement): boolean {
  let found = false;
  const enter = (node: HtmlNode) => {
    if (isElement(node) && PREFORMATTED.has(node.tagName)) found = true;
    return !found && node.nodeName !== 'table';
  };
  walkTree(cell, enter, () => {});
  return found;
}
