/** The text of a paragraph of OpenDocument. */
import { PAGE_MARK } from '../office/header-line.ts';
import { linked, script, tidyTicks } from '../office/marks.ts';
import { ballotText } from '../office/symbols.ts';
import { child, descendants, elements, textContent, type XmlElement } from '../office/xml.ts';
import type { Block } from '../types.ts';
import type { OdfStyles } from './styles.ts';

export interface OdfInline {
  text: string;
  notes: string[];
  /** Text boxes that are anchored in it. */
  blocks: Block[];
}

/** What is outside of a paragraph but in it. */
export interface OdfSurroundings {
  styles: OdfStyles;
  isHeader: boolean;
  readBox(box: XmlElement): Block[];
  readNote(body: XmlElement): string;
  /** The equation of an embedded object, as it was typed. */
  readFormula(href: string): string;
}

const LEFT_OUT = new Set(['text:tracked-changes', 'office:annotation-end', 'text:sheet-name']);
const PAGE_NUMBERS = new Set(['text:page-number', 'text:page-count']);
const MAX_BLANKS = 1000;

export function readInline(paragraph: XmlElement, around: OdfSurroundings): OdfInline {
  const found: OdfInline = { text: '', notes: [], blocks: [] };
  found.text = tidyTicks(ballotText(textOf(paragraph, around, found)))
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .trim();
  return found;
}

function textOf(parent: XmlElement, around: OdfSurroundings, found: OdfInline): string {
  let text = '';
  for (const node of parent.children) {
    // White space is what text:s and text:tab say.
    if (typeof node === 'string') text += node.replace(/\s+/g, ' ');
    else text += elementText(node, around, found, text);
  }
  return text;
}

function elementText(element: XmlElement, around: OdfSurroundings, found: OdfInline, before: string): string {
  const { name, attributes } = element;
  if (LEFT_OUT.has(name)) return '';
  if (PAGE_NUMBERS.has(name)) return around.isHeader ? PAGE_MARK : '';
  switch (name) {
    case 'text:s':
      return ' '.repeat(Math.min(Number(attributes['text:c'] ?? 1) || 1, MAX_BLANKS));
    case 'text:tab':
      return '\t';
    case 'text:line-break':
      return '\n';
    case 'text:a':
      return linked(textOf(element, around, found), attributes['xlink:href'] ?? '');
    case 'text:span': {
      const style = around.styles.get(attributes['text:style-name']);
      const text = style.isHidden || style.isStruck ? '' : textOf(element, around, found);
      return style.script === '' ? text : script(style.script, text, before);
    }
    case 'text:note': {
      const mark = textContent(child(element, 'text:note-citation')).trim();
      const body = child(element, 'text:note-body');
      if (body !== undefined) found.notes.push(`[${mark}] ${around.readNote(body)}`);
      return `[${mark}]`;
    }
    case 'office:annotation': {
      const author = textContent(child(element, 'dc:creator')).trim();
      const text = elements(element, 'text:p').map(textContent).join('\n');
      found.notes.push(`Comment${author === '' ? '' : ` (${author})`}: ${text}`);
      return '';
    }
    case 'text:ruby':
      return `${textOf(child(element, 'text:ruby-base') ?? element, around, found)}(${textContent(child(element, 'text:ruby-text'))})`;
    case 'draw:frame':
    case 'draw:custom-shape':
      return drawingText(element, around, found);
    default:
      return textOf(element, around, found);
  }
}

/** A picture's text, an equation; the text of boxes goes to the blocks. */
export function drawingText(frame: XmlElement, around: OdfSurroundings, found: OdfInline): string {
  const boxes = frame.name === 'draw:frame' ? [...elements(frame, 'draw:text-box'), frame] : [frame];
  for (const box of boxes) found.blocks.push(...around.readBox(box));
  const formula = elements(frame, 'draw:object').map(({ attributes }) =>
    around.readFormula(attributes['xlink:href'] ?? ''),
  );
  const texts = ['svg-compatible:title', 'svg-compatible:desc'].map((name) =>
    textContent(child(frame, name)).trim(),
  );
  const all = [...new Set([...formula, ...texts])].filter((text) => text !== '');
  return all.length === 0 ? '' : ` ${all.join(' ')} `;
}

/** Boxes and tables that are drawn on a page. */
export function frames(page: XmlElement): XmlElement[] {
  return descendants(page, 'draw:frame', 'draw:custom-shape');
}
