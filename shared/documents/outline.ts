/** Turns the blocks that a format's parser found into the document's title and sections. */
import type { ParsedDocument, Section } from './types.ts';

/** A heading or a paragraph, in reading order. */
export interface Block {
  /** 1 is the outermost heading; undefined for a paragraph. */
  level: number | undefined;
  text: string;
  /** 1-based page, where the format has pages. */
  page: number | undefined;
}

/** What a format's parser gives. */
export interface Content {
  /** The title that the document states (metadata, front matter), if it does. */
  title: string | undefined;
  blocks: Block[];
}

interface OpenHeading {
  level: number;
  text: string;
  page: number | undefined;
  used: boolean;
}

/**
 * Puts paragraphs under their headings. The title is the stated one, or the only level 1 heading, or
 * `fallbackTitle`; as a heading it is not repeated. Another heading with nothing below it becomes a paragraph,
 * so that no text is lost.
 */
export function outline(content: Content, fallbackTitle: string): ParsedDocument {
  const blocks = content.blocks.map(clean).filter(({ text }) => text !== '');
  const title = oneLine(cleanText(content.title ?? '')) || onlyTopHeading(blocks) || fallbackTitle;
  const sections: Section[] = [];
  const open: OpenHeading[] = [];

  const add = (text: string, page: number | undefined) => {
    const path = open.map((heading) => heading.text);
    const headings = sameText(path[0], title) ? path.slice(1) : path;
    const last = sections.at(-1);
    if (last !== undefined && last.page === page && sameHeadings(last.headings, headings)) {
      last.paragraphs.push(text);
    } else sections.push({ headings, page, paragraphs: [text] });
  };
  const close = (level: number) => {
    for (let top = open.at(-1); top !== undefined && top.level >= level; top = open.at(-1)) {
      open.pop();
      const isTitle = open.length === 0 && sameText(top.text, title);
      if (!top.used && !isTitle) add(top.text, top.page);
    }
  };

  for (const { level, text, page } of blocks) {
    if (level !== undefined) close(level);
    const parent = open.at(-1);
    if (parent !== undefined) parent.used = true;
    if (level === undefined) add(text, page);
    else open.push({ level, text, page, used: false });
  }
  close(0);
  if (sections.length === 0 && blocks.length > 0) add(blocks[0]!.text, blocks[0]!.page);
  return { title, sections };
}

/** Whether two heading paths are the same. */
export function sameHeadings(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((heading, i) => heading === b[i]);
}

/** Text on one line, without white space at its ends. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function clean({ level, text, page }: Block): Block {
  const cleaned = cleanText(text);
  return { level, page, text: level === undefined ? trimBlankLines(cleaned) : oneLine(cleaned) };
}

/** Lone surrogates (PDF fonts make them) and control characters are no text in any format. */
function cleanText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
  return text.replace(/[\0-\x08\x0b\x0e-\x1f\x7f]/g, '').replace(/\p{Surrogate}/gu, '\ufffd');
}

/** The first line keeps its indentation: it may be code. */
function trimBlankLines(text: string): string {
  const start = text.search(/\S/);
  return start < 0 ? '' : text.slice(text.lastIndexOf('\n', start) + 1).trimEnd();
}

/** The text of the only level 1 heading, which is then the document's title. */
export function onlyTopHeading(blocks: readonly Block[]): string | undefined {
  const top = blocks.filter(({ level }) => level === 1);
  return top.length === 1 ? top[0]!.text : undefined;
}

function sameText(a: string | undefined, b: string): boolean {
  return a?.toLowerCase() === b.toLowerCase();
}
