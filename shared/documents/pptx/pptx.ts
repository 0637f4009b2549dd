/** PPTX: the slides of a presentation; a slide is a page. */
import { OfficePackage } from '../office/package.ts';
import { readProperties } from '../office/properties.ts';
import { child, elements } from '../office/xml.ts';
import type { Block, Content } from '../types.ts';
import { Places } from './places.ts';
import { readSlide } from './slide.ts';

/**
 * Reads a presentation: titles of slides are headings, then come texts, tables and charts in reading order,
 * notes and comments. Hidden slides are read too, since they are seen in the file; footers once.
 *
 * @throws BlockragError `document_too_complex`, `document_encrypted`, `document_corrupt`
 */
export async function parsePptx(bytes: Uint8Array, name: string): Promise<Content> {
  const file = await OfficePackage.open(bytes, name);
  const links = file.relationships(file.main);
  const places = new Places(file);
  const slides = elements(child(file.mainPart(), 'p:sldIdLst'), 'p:sldId').map(({ attributes }) =>
    readSlide(file, links.get(attributes['r:id'] ?? '')?.target ?? '', places),
  );
  const footers = new Set<string>();
  const { title, metadata } = readProperties(file);
  const blocks = slides.flatMap(({ title: heading, isOpening, footer, blocks: found }, i): Block[] => {
    const page = i + 1;
    const level = isOpening && i === 0 ? 1 : 2;
    const all: Block[] = [...found];
    if (footer !== '' && !footers.has(footer)) all.push({ kind: 'text', text: footer });
    footers.add(footer);
    if (heading === '' && all.length === 0) return [];
    all.unshift({ kind: 'heading', level, text: heading || `Slide ${page}` });
    return all.map((block) => ({ ...block, page }));
  });
  const [first] = slides;
  return { title: first?.isOpening && first.title !== '' ? first.title : title, metadata, blocks };
}
