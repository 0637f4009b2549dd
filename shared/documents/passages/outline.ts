/** Turns the blocks that a format's parser found into the document's title and sections. */

import type { Block, Content, ContentBlock, HeadingBlock, ParsedDocument, Section } from '../types.ts';
import { cleanBlock, cleanText, isEmpty, oneLine } from './clean.ts';

interface OpenHeading extends HeadingBlock {
  used: boolean;
}

/** What programs write where a title belongs, when nobody gave one. */
const FILLER =
  /^\W*(?:untitled(?:[-\s]?(?:\d+|document|presentation|spreadsheet|page))?|anonymous|unspecified|unknown|unnamed|no title|new document|(?:document|layout|slide|sheet|presentation|page)\s?\d+|microsoft (?:word|powerpoint|excel)\b.*)\W*$/i;
const FILE_NAME =
  /\.(?:pdf|docx?|dotx?|xlsx?|pptx?|od[tsp]|rtf|txt|md|html?|indd|qxp|qxd|tex|dvi|e?ps|ai|wpd|pages|cdr|vsd|pub)$/i;
/** A title of more is a paragraph at the wrong place. */
const MAX_TITLE = 300;

/**
 * Puts content under its headings. The title is the stated one, or the only level 1 heading, or `fallbackTitle`; as
 * a heading it is not repeated. Another heading with nothing below it becomes a paragraph, and what the document says
 * of itself (author, date) the first one, so that no text is lost.
 */
export function outline(content: Content, fallbackTitle: string): ParsedDocument {
  const blocks = content.blocks.map(cleanBlock).filter((block) => !isEmpty(block));
  const metadata = cleanMetadata(content.metadata ?? {});
  const title = honestTitle(content.title) ?? honestTitle(onlyTopHeading(blocks)) ?? fallbackTitle;
  const sections: Section[] = [];
  const open: OpenHeading[] = [];

  const add = (block: ContentBlock) => {
    const path = open.map((heading) => heading.text);
    const headings = sameText(path[0], title) ? path.slice(1) : path;
    const last = sections.at(-1);
    if (last !== undefined && sameHeadings(last.headings, headings)) last.content.push(block);
    else sections.push({ headings, content: [block] });
  };
  const close = (level: number) => {
    for (let top = open.at(-1); top !== undefined && top.level >= level; top = open.at(-1)) {
      open.pop();
      const isTitle = open.length === 0 && sameText(top.text, title);
      if (!top.used && !isTitle) add(asText(top));
    }
  };

  for (const block of blocks) {
    if (block.kind === 'heading') close(block.level);
    const parent = open.at(-1);
    if (parent !== undefined) parent.used = true;
    if (block.kind === 'heading') open.push({ ...block, used: false });
    else add(block);
  }
  close(0);
  const [first] = blocks;
  if (sections.length === 0 && first?.kind === 'heading') {
    sections.push({ headings: [], content: [asText(first)] });
  }
  // A scan is no text because somebody is its author.
  if (sections.length > 0 && Object.keys(metadata).length > 0) {
    sections.unshift(metadataSection(metadata, sections[0]));
  }
  return { title, metadata, sections };
}

/** Whether two heading paths are the same. */
export function sameHeadings(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((heading, i) => heading === b[i]);
}

/** The text of the only level 1 heading, which is then the document's title. */
export function onlyTopHeading(blocks: readonly Block[]): string | undefined {
  const top = blocks.filter((block) => block.kind === 'heading' && block.level === 1) as HeadingBlock[];
  return top.length === 1 ? top[0]!.text : undefined;
}

function honestTitle(stated: string | undefined): string | undefined {
  const title = oneLine(cleanText(stated ?? ''));
  const isHonest = /[\p{L}\p{N}]/u.test(title) && title.length <= MAX_TITLE;
  return isHonest && !FILLER.test(title) && !FILE_NAME.test(title) ? title : undefined;
}

function cleanMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(metadata).map(
    ([name, value]) => [oneLine(cleanText(name)), oneLine(cleanText(value))] as const,
  );
  return Object.fromEntries(entries.filter(([name, value]) => name !== '' && value !== ''));
}

/** "author: Bo Lindqvist" and so on, a line each. */
function metadataSection(metadata: Readonly<Record<string, string>>, first: Section | undefined): Section {
  const lines = Object.entries(metadata).map(([name, value]) => `${name}: ${value}`);
  const page = first?.content[0]?.page;
  return { headings: [], content: [{ kind: 'code', text: lines.join('\n'), page }] };
}

function asText({ text, page, pageEnd }: HeadingBlock): ContentBlock {
  return { kind: 'text', text, page, pageEnd };
}

function sameText(a: string | undefined, b: string): boolean {
  return a?.toLowerCase() === b.toLowerCase();
}
