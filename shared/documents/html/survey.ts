/** One look at a whole HTML tree before it is read: what is decided by more than an element's own attributes. */

import { NOTE_ATTRIBUTE } from '../markdown/notes.ts';
import { decodePercent } from '../percent.ts';
import {
  attr,
  type HtmlElement,
  type HtmlNode,
  type HtmlRoot,
  isElement,
  rawText,
  tagOf,
  walkTree,
} from './tree.ts';

/** What is below an element. */
export interface Facts {
  /** Characters of text, white space apart. */
  text: number;
  /** Of these, characters in links to pages (an address of mail is none). */
  linked: number;
  /** Of these, characters in tables. */
  tabled: number;
  /** A heading, outside of nested tables; one in any table; a pre element; a table. */
  heading: boolean;
  anyHeading: boolean;
  pre: boolean;
  table: boolean;
}

/** Raised, lowered, or struck out. */
export type TextStyle = 'sup' | 'sub' | 'struck';

/** What is known of a tree. */
export interface Survey {
  facts: ReadonlyMap<HtmlElement, Facts>;
  /** Ids of elements that a tab, a button or a link shows. */
  revealed: ReadonlySet<string>;
  /** Footnotes by id, which are read where they are referred to. */
  notes: ReadonlyMap<string, HtmlElement>;
  /** Meta elements and the title, in order: ["og:title", "Harbour"]. */
  meta: readonly (readonly [name: string, value: string])[];
  /** What the page's style sheets make of the text of a class, where that matters to its reading. */
  styles: ReadonlyMap<string, TextStyle>;
  /** The page's own title element. */
  title: string | undefined;
}

const UNREAD = new Set(['script', 'style', 'template', 'noscript', 'svg']);
/** Values of epub:type and role. */
const REFERENCE_NAMES = new Set(['noteref', 'doc-noteref']);
const NOTE_NAMES = new Set('footnote endnote rearnote note doc-footnote doc-endnote'.split(' '));
/** A rule for the elements of a class. */
const STYLE = /\.([\w-]{1,60})\s{0,10}\{([^{}]{0,1000})\}/g;
const MAX_STYLES = 200_000;
const REVEALING = ['aria-controls', 'data-target', 'data-bs-target'];

/** Looks at each node once. */
export function survey(root: HtmlElement | HtmlRoot): Survey {
  const facts = new Map<HtmlElement, Facts>();
  const revealed = new Set<string>();
  const byId = new Map<string, HtmlElement>();
  const written = new Map<string, HtmlElement>();
  const links: HtmlElement[] = [];
  const meta: [string, string][] = [];
  const styles = new Map<string, TextStyle>();
  let title: string | undefined;
  let open: Facts[] = [emptyFacts()];
  let inLinks = 0;

  const look = (element: HtmlElement, tag: string) => {
    const id = attr(element, 'id');
    if (id !== undefined && !byId.has(id)) byId.set(id, element);
    if (id !== undefined && attr(element, NOTE_ATTRIBUTE) !== undefined) written.set(id, element);
    for (const name of REVEALING) {
      const target = attr(element, name);
      for (const one of target?.slice(0, 1000).split(/\s+/) ?? []) revealed.add(one.replace(/^#/, ''));
    }
    if (tag === 'a' && attr(element, 'href')?.startsWith('#')) {
      links.push(element);
      // A link to what is hidden shows it: a tab, a dialog, more text.
      revealed.add(fragmentOf(element));
    }
    if (tag === 'style') {
      for (const [, name, rules] of rawText(element).slice(0, MAX_STYLES).matchAll(STYLE)) {
        const style = textStyle(rules!);
        if (style !== undefined) styles.set(name!.toLowerCase(), style);
      }
    }
    if (tag === 'meta') {
      const name = attr(element, 'name') ?? attr(element, 'property') ?? attr(element, 'itemprop');
      if (name !== undefined) meta.push([name.toLowerCase(), attr(element, 'content') ?? '']);
    }
  };
  const enter = (node: HtmlNode): boolean => {
    if (node.nodeName === '#text' && 'value' in node) {
      const size = lettersOf(node.value);
      const top = open.at(-1)!;
      top.text += size;
      if (inLinks > 0) top.linked += size;
    }
    if (!isElement(node)) return false;
    const tag = tagOf(node);
    look(node, tag);
    if (tag === 'title') {
      const [text] = node.childNodes;
      if (text !== undefined && 'value' in text) title ??= text.value;
      return false;
    }
    if (UNREAD.has(tag)) return false;
    open.push(emptyFacts());
    if (isPageLink(node, tag)) inLinks += 1;
    return true;
  };
  const leave = (element: HtmlElement) => {
    const tag = tagOf(element);
    const own = open.pop()!;
    facts.set(element, own);
    if (isPageLink(element, tag)) inLinks -= 1;
    const above = open.at(-1)!;
    const isTable = tag === 'table';
    above.text += own.text;
    above.linked += own.linked;
    above.tabled += isTable ? own.text : own.tabled;
    above.pre ||= own.pre || tag === 'pre';
    above.table ||= own.table || isTable;
    above.anyHeading ||= own.anyHeading || isHeading(element, tag);
    above.heading ||= isHeading(element, tag) || (own.heading && !isTable);
  };
  walkTree(root, enter, leave);
  open = [];
  return { facts, revealed, meta, styles, title, notes: new Map([...written, ...notesOf(links, byId)]) };
}

/** What some rules of a style sheet make of text. */
export function textStyle(rules: string): TextStyle | undefined {
  const place = /(?:^|[;\s])vertical-align\s*:\s*(super|sub)\b/i.exec(rules)?.[1]?.toLowerCase();
  if (place !== undefined) return place === 'super' ? 'sup' : 'sub';
  return /text-decoration[^;]*line-through/i.test(rules) ? 'struck' : undefined;
}

/** Whether an element is a heading. */
export function isHeading(element: HtmlElement, tag: string): boolean {
  return /^h[1-6]$/.test(tag) || attr(element, 'role') === 'heading';
}

/** The id that a link within the page leads to. */
export function fragmentOf(link: HtmlElement): string {
  return decodePercent((attr(link, 'href') ?? '').slice(1));
}

/**
 * A footnote is a list item or the like that a link leads to, and that is named so (in EPUB) or holds a link back to
 * where it came from. Long lists of sources (MediaWiki's) stay where they are.
 */
function notesOf(
  links: readonly HtmlElement[],
  byId: ReadonlyMap<string, HtmlElement>,
): Map<string, HtmlElement> {
  const notes = new Map<string, HtmlElement>();
  for (const link of links) {
    const note = byId.get(fragmentOf(link));
    if (note !== undefined && isNote(note) && isNamed(link, REFERENCE_NAMES) && isNamed(note, NOTE_NAMES)) {
      notes.set(fragmentOf(link), note);
    }
  }
  for (const back of links) {
    const origin = byId.get(fragmentOf(back));
    const reference = origin === undefined ? undefined : referenceAt(origin);
    if (reference === undefined || reference === back) continue;
    const id = fragmentOf(reference);
    const note = byId.get(id);
    if (note !== undefined && !id.startsWith('cite_note') && isNote(note) && isWithin(back, note)) {
      notes.set(id, note);
    }
  }
  return notes;
}

function isNamed(element: HtmlElement, names: ReadonlySet<string>): boolean {
  const named = `${attr(element, 'epub:type') ?? ''} ${attr(element, 'role') ?? ''}`;
  return named
    .slice(0, 1000)
    .split(/\s+/)
    .some((name) => names.has(name));
}

/** The link to a footnote: the element itself, or the one that it encloses or that encloses it. */
function referenceAt(origin: HtmlElement): HtmlElement | undefined {
  const child = origin.childNodes.find(isElement);
  const candidates = [origin, child, origin.parentNode as HtmlElement | null];
  return candidates.find((one) => one?.tagName === 'a' && attr(one, 'href')?.startsWith('#')) ?? undefined;
}

function isNote(element: HtmlElement): boolean {
  return ['li', 'p', 'div', 'dd', 'aside'].includes(element.tagName);
}

function isWithin(element: HtmlElement, outer: HtmlElement): boolean {
  let node: HtmlElement['parentNode'] = element;
  for (let steps = 0; steps < 10 && node !== null && isElement(node as HtmlElement); steps += 1) {
    if (node === outer) return true;
    node = (node as HtmlElement).parentNode;
  }
  return false;
}

function isPageLink(element: HtmlElement, tag: string): boolean {
  return tag === 'a' && !/^(?:mailto|tel|sms):/i.test(attr(element, 'href') ?? 'mailto:');
}

function lettersOf(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 32) count += 1;
  return count;
}

function emptyFacts(): Facts {
  return { text: 0, linked: 0, tabled: 0, heading: false, anyHeading: false, pre: false, table: false };
}
