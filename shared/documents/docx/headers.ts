/** Headers and footers, each line of them once. */
import { headerLine } from '../office/header-line.ts';
import { linesText } from '../office/lines.ts';
import { descendants, elements, isOn } from '../office/xml.ts';
import type { DocxFile } from './file.ts';
import { readStory } from './story.ts';

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
    for (const line of blocks.map(linesText).join('\n').split('\n')) lines.add(headerLine(line));
  }
  lines.delete('');
  return [...lines];
}
