/** What stands within a line of HTML and is more than its characters: raised text, links, form fields, pictures. */
import { decodePercent } from '../percent.ts';
import { attr, type HtmlElement, type HtmlNode, isElement, rawText, tagOf, walkTree } from './tree.ts';

/** Endings of ordinals and titles, which are raised for their looks: 1st, 2e, Mme. */
const RAISED_ENDING = /^(?:st|nd|rd|th|er|re|ère|e|ème|ième|nde|o|os|a|as|me|mme|lle|te|ste|tm|sm)$/iu;
const NOTE_SIGN = /^[*†‡§¶‖#®™©℠]+$/u;
const TOKEN = /^[-−–+±]?[\p{L}\p{M}\p{N}.,′'″]*[-−–+*]?$/u;
const PICTURE_FILE = /\.(?:jpe?g|png|gif|svg|webp|avif|bmp|ico)$/i;
/** What Google Docs makes of a link. */
const GOOGLE = /^\s*https?:\/\/www\.google\.com\/url\?q=(https?(?::|%3A)[^&\s]+)/i;
/** What MediaWiki writes around its formulas. */
const DISPLAY_STYLE = '{\\displaystyle';
/** Longer addresses hold session keys and the like. */
const MAX_TARGET = 300;

/** Text that has another meaning where it stands. */
export interface Raised {
  text: string;
  /** What stands before it on the line, "" at its start. */
  before: string;
  /** The character after it, "" at the end of its element. */
  after: string;
  /** It leads to a place on the page. */
  isReference: boolean;
}

/** "3" above "12" is "^3"; a footnote's number is " [1]". */
export function superscript({ text, before, after, isReference }: Raised): string {
  const inner = text.trim();
  if (inner === '') return '';
  if (/^\[.*\]$/.test(inner)) return spaced(before, inner);
  const standsAlone = /^\s?$/.test(before.slice(-1)) && /^\s$/.test(after) && /^[\d,;–-]+$/.test(inner);
  if (isReference || standsAlone) return spaced(before, `[${inner}]`);
  if (NOTE_SIGN.test(inner)) return inner;
  return RAISED_ENDING.test(inner) && isEndingOf(before, inner) ? inner : `^${grouped(inner)}`;
}

/** "2" below "H" is "_2". */
export function subscript(text: string): string {
  const inner = text.trim();
  return inner === '' ? '' : `_${grouped(inner)}`;
}

/** One token as it is, more in parentheses. */
export function grouped(text: string): string {
  return TOKEN.test(text) ? text : `(${text})`;
}

/** What a link leads to, if its text does not tell: " (pilots@lowe.example)"; "" for places on the same site. */
export function linkTarget(href: string | undefined, text: string): string {
  const [, scheme, rest] = /^\s*(mailto|tel|sms|https?|ftp):(.*)$/is.exec((href ?? '').slice(0, 4000)) ?? [];
  if (scheme === undefined || rest === undefined) return '';
  const unwrapped = GOOGLE.exec((href ?? '').slice(0, 4000))?.[1];
  if (unwrapped !== undefined) return linkTarget(decodePercent(unwrapped), text);
  const kind = scheme.toLowerCase();
  const isPage = kind.startsWith('http') || kind === 'ftp';
  const target = isPage ? `${kind}:${rest.trim()}` : decodePercent(rest.split('?')[0]!).trim();
  const isEmpty = text.trim() === '';
  if (target === '' || target.length > MAX_TARGET || (isPage && isEmpty)) return '';
  if (isEmpty) return target;
  return shows(text, target, kind) ? '' : ` (${target})`;
}

/** What a form field shows: its value, the chosen option, or its tick. Undefined for other elements. */
export function fieldText(element: HtmlElement, tag: string): string | undefined {
  const role = attr(element, 'role');
  if (role === 'checkbox' || role === 'radio' || role === 'switch') {
    if (tag !== 'input' && element.childNodes.length === 0)
      return tick(attr(element, 'aria-checked') === 'true');
  }
  if (tag === 'textarea') return rawText(element);
  if (tag === 'ac:task-status') return tick(rawText(element).trim() === 'complete');
  if (tag === 'div') return drawnBox(element);
  if (tag === 'select') return chosen(element);
  if (tag !== 'input') return undefined;
  const type = (attr(element, 'type') ?? 'text').toLowerCase();
  if (type === 'checkbox' || type === 'radio') {
    const names = `${attr(element, 'name')} ${attr(element, 'class')} ${attr(element, 'id')}`.slice(0, 1000);
    // Pages without scripts make tabs and drawers of boxes that nobody sees.
    const isTrick =
      role === 'button' ||
      /(?:^|[^a-z])(?:tabs?|tabbed|drawer|sidebar|menu|nav|search|dropdown|toctoggle)(?![a-z])/i.test(names);
    return isTrick ? '' : tick(attr(element, 'checked') !== undefined);
  }
  if (['hidden', 'password', 'submit', 'button', 'reset', 'file'].includes(type)) return '';
  return type === 'image' ? (attr(element, 'alt') ?? '') : (attr(element, 'value') ?? '');
}

/** What stands for a picture, a frame or a film. Undefined for other elements. */
export function pictureText(element: HtmlElement, tag: string): string | undefined {
  const label = attr(element, 'aria-label') ?? '';
  switch (tag) {
    case 'img':
    case 'area': {
      const alt = (attr(element, 'alt') ?? label).trim();
      if (PICTURE_FILE.test(alt)) return '';
      return alt.startsWith(DISPLAY_STYLE) && alt.endsWith('}')
        ? alt.slice(DISPLAY_STYLE.length, -1).trim()
        : alt;
    }
    case 'svg':
      return label || drawingText(element);
    case 'iframe':
    case 'object':
    case 'embed':
    case 'video':
    case 'audio':
      return attr(element, 'title') ?? label;
  }
  return attr(element, 'role') === 'img' && label !== '' ? label : undefined;
}

/** A box that a style draws, as Notion's. */
function drawnBox(box: HtmlElement): string | undefined {
  const state = /(?:^|\s)checkbox-(on|off)(?:\s|$)/.exec((attr(box, 'class') ?? '').slice(0, 1000))?.[1];
  return state === undefined ? undefined : tick(state === 'on');
}

/** The tick of a list's item that its attributes tell and no box in it (Confluence, Quill); "" for others. */
export function itemTick(item: HtmlElement): string {
  const list = item.parentNode;
  if (list === null || !('attrs' in list)) return '';
  const isTask = (attr(list, 'class') ?? '').split(' ').includes('inline-task-list');
  if (isTask) return `${tick((attr(item, 'class') ?? '').split(' ').includes('checked'))} `;
  const state = attr(list, 'data-checked');
  return state === 'true' || state === 'false' ? `${tick(state === 'true')} ` : '';
}

function tick(isTicked: boolean): string {
  return isTicked ? '[x]' : '[ ]';
}

function chosen(select: HtmlElement): string {
  const options: HtmlElement[] = [];
  const enter = (node: HtmlNode) => {
    if (isElement(node) && node.tagName === 'option') options.push(node);
    return true;
  };
  walkTree(select, enter, () => {});
  const selected = options.filter((option) => attr(option, 'selected') !== undefined);
  const [first] = options;
  const shown = attr(select, 'multiple') === undefined ? [selected.at(-1) ?? first] : selected;
  return shown
    .filter((option) => option !== undefined && attr(option, 'value') !== '')
    .map((option) => rawText(option!).trim())
    .join(', ');
}

/** The words in a drawing; without any, its title. */
function drawingText(svg: HtmlElement): string {
  const words: string[] = [];
  let title = '';
  const enter = (node: HtmlNode) => {
    if (!isElement(node)) return false;
    const tag = tagOf(node);
    if (tag === 'svg:title') title ||= rawText(node);
    if (tag !== 'svg:text') return tag !== 'svg:defs' && tag !== 'svg:style' && tag !== 'svg:script';
    words.push(rawText(node));
    return false;
  };
  walkTree(svg, enter, () => {});
  return words.join(' ').trim() || title;
}

/** "1st", "Mme" and "Lowe (TM)", but not x to the power of e. */
function isEndingOf(before: string, ending: string): boolean {
  if (/\d\.?$/.test(before)) return ending.length > 1 || /^[eoa]$/i.test(ending);
  return ending.length > 1 && /\p{L}$/u.test(before);
}

function spaced(before: string, text: string): string {
  return before === '' || /\s$/.test(before) ? text : ` ${text}`;
}

function shows(text: string, target: string, kind: string): boolean {
  if (kind === 'tel' || kind === 'sms') {
    const digits = text.replace(/\D/g, '');
    return digits.length >= 3 && target.replace(/\D/g, '').endsWith(digits.replace(/^0+/, ''));
  }
  return bare(text).includes(bare(target));
}

/** An address without what people leave out: "https://www.a.example/" -> "a.example". */
function bare(address: string): string {
  return decodePercent(address)
    .toLowerCase()
    .replace(/https?:\/\/|\bwww\./g, '')
    .replace(/[\s\u00ad\u200b]+/g, '')
    .replace(/\/$/, '');
}
