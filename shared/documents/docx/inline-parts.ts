/** What reading a paragraph takes and gives, and the clean-up of its text. */
import type { Relationships } from '../office/package.ts';
import { isSymbolFont, symbolText } from '../office/symbols.ts';
import type { XmlElement } from '../office/xml.ts';
import type { Block } from '../types.ts';
import type { DocxFile } from './file.ts';

const MONOSPACED =
  /^(?:courier|consolas|lucida console|menlo|monaco|cascadia|source code|fira (?:code|mono))|\bmono\b/i;

export interface Inline {
  text: string;
  /** With all its blanks. */
  raw: string;
  /** Notes and comments that it refers to, in order. */
  notes: string[];
  /** Text boxes, charts and diagrams that are anchored in it. */
  blocks: Block[];
  /** All of the text is bold. */
  isBold: boolean;
  /** All of it is in a font for code. */
  isMonospaced: boolean;
  /** It holds a picture, whether that has a text or not. */
  hasDrawing: boolean;
}

/** What is outside of a paragraph but in it. */
export interface Surroundings {
  file: DocxFile;
  /** Relationships of the part. */
  links: Relationships;
  /** Whether the part is a header or footer. */
  isHeader: boolean;
  /** Reads a text box. */
  readBox(box: XmlElement): Block[];
  /** The text of a note in another part. */
  readNote(note: XmlElement, part: string): string;
}

export function emptyInline(): Inline {
  return { text: '', raw: '', notes: [], blocks: [], isBold: true, isMonospaced: true, hasDrawing: false };
}

/** Whether a font is one for code. */
export function isMonospaced(font: string | undefined): boolean {
  return font !== undefined && MONOSPACED.test(font);
}

/** Text in a symbol font, or with characters of one that have lost their font. */
export function fontText(text: string, font: string | undefined): string {
  if (isSymbolFont(font))
    return [...text].map((letter) => symbolText(font!, letter.codePointAt(0)!)).join('');
  return text.replace(/[\uf020-\uf0ff]/g, (letter) =>
    letter === '\uf0b7' ? '•' : symbolText('wingdings', letter.charCodeAt(0)),
  );
}

/** Lines without blanks at their ends. */
export function tidy(text: string): string {
  return text
    .replace(/ {2,}/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .trim();
}
