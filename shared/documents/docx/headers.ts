/** Headers and footers, each line of them once. */
import { linesText } from '../office/lines.ts';
import { descendants, elements, isOn } from '../office/xml.ts';
import { PAGE_MARK } from './fields.ts';
import type { DocxFile } from './file.ts';
import { readStory } from './story.ts';

/** "Page 3 of 12": what is left of a piece with a page number is not kept if it has no more words than this. */
const MAX_PAGE_WORDS = 3;
const SEPARATORS = /(\t|\s[|–—·•/-]\s)/;

/** The lines of the headers of all sections, then those of the footers; page numbers are left out. */
export function headerLines(file: DocxFile): string[] {
  const lines = new Set<string>();
  const targets = file.package.relationships(file.package.main);
  const sections = descendants(file.root, 'w:sectPr');
  const hasFirst = sections.some((section) => isOn(section, 'w:titlePg'));
  const isShown = (type: string | undefined) =>
    type === 'first' ? hasFirst : type === 'even' ? file.hasEvenHeaders : true;
  const parts = ['w:headerReference', 'w:footerReference'].flatMap((name) =>
    sections
      .flatMap((section) => elements(section, name))
      .filter(({ attributes }) => isShown(attributes['w:type']))
      .map(({ attributes }) => targets.get(attributes['r:id'] ?? '')?.target ?? ''),
  );
  for (const part of new Set(parts)) {
    const root = file.package.part(part);
    if (root === undefined) continue;
    const links = file.package.relationships(part);
    const blocks = readStory(root, { file, links, isHeader: true });
    for (const line of blocks.map(linesText).join('\n').split('\n')) lines.add(tidyLine(line));
  }
  lines.delete('');
  return [...lines];
}

function tidyLine(line: string): string {
  const pieces = line.split(SEPARATORS);
  const kept: string[] = [];
  for (let i = 0; i < pieces.length; i += 2) {
    const piece = pieces[i]!.trim();
    const rest = piece.replaceAll(PAGE_MARK, '').trim();
    const isPageNumber = piece.includes(PAGE_MARK) && words(rest) <= MAX_PAGE_WORDS;
    if (isPageNumber || rest === '') continue;
    const separator = pieces[i - 1] ?? '';
    kept.push(kept.length === 0 ? '' : separator === '\t' ? ' | ' : separator, rest);
  }
  return kept.join('').trim();
}

function words(text: string): number {
  return text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
}
