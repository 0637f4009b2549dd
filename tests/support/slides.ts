/** Small presentations: what a test is about stands in the test. */
import { parsePptx } from '../../shared/documents/pptx/pptx.ts';
import type { Content } from '../../shared/documents/types.ts';
import { NAMESPACES, relationships, zipped } from './office-files.ts';

export type Links = Readonly<Record<string, readonly [type: string, target: string]>>;

/** A part of PowerPoint: `root` is "p:sld", "p:sldLayout", ... */
export function slidePart(root: string, xml: string): string {
  return `<${root} ${NAMESPACES}>${xml}</${root}>`;
}

/** A paragraph of DrawingML; its properties are attributes or elements. */
export function line(text: string, properties = '', run = ''): string {
  const opening = properties.startsWith('<') ? `>${properties}</a:pPr>` : `${properties}/>`;
  return `<a:p><a:pPr ${opening}<a:r><a:rPr ${run}/><a:t>${text}</a:t></a:r></a:p>`;
}

/** A box as a:xfrm has it, in thousandths of an inch. */
export function box(left: number, top: number, width: number, height: number): string {
  const [x, y, cx, cy] = [left, top, width, height].map((length) => length * 914.4);
  return `<a:off x="${x}" y="${y}"/><a:ext cx="${cx}" cy="${cy}"/>`;
}

/** A shape with text, a placeholder where it has a type; where it is, if told. */
export function shape(type: string | undefined, paragraphs: string | readonly string[], place = ''): string {
  const holder = type === undefined ? '' : `<p:ph type="${type}"/>`;
  const at = place === '' ? '' : `<a:xfrm>${place}</a:xfrm>`;
  return (
    `<p:sp><p:nvSpPr><p:cNvPr id="1" name="x"/><p:nvPr>${holder}</p:nvPr></p:nvSpPr><p:spPr>${at}</p:spPr>` +
    `<p:txBody>${[paragraphs].flat().join('')}</p:txBody></p:sp>`
  );
}

/** A slide of shapes. */
export function slide(...shapes: readonly string[]): string {
  return slidePart('p:sld', `<p:cSld><p:spTree>${shapes.join('')}</p:spTree></p:cSld>`);
}

/** Reads a presentation of slides; the links are those of the first. */
export async function parseSlides(
  slides: readonly string[],
  links: Links = {},
  files: Readonly<Record<string, string>> = {},
): Promise<Content> {
  const ids = slides.map((_slide, i) => `s${i}`);
  const bytes = await zipped({
    '_rels/.rels': relationships({ main: ['officeDocument', '/ppt/presentation.xml'] }),
    'ppt/presentation.xml': slidePart(
      'p:presentation',
      `<p:sldIdLst>${ids.map((id) => `<p:sldId id="2" r:id="${id}"/>`).join('')}</p:sldIdLst>`,
    ),
    'ppt/_rels/presentation.xml.rels': relationships(
      Object.fromEntries(ids.map((id, i) => [id, ['slide', `slides/slide${i}.xml`]])),
    ),
    ...Object.fromEntries(slides.map((xml, i) => [`ppt/slides/slide${i}.xml`, xml])),
    'ppt/slides/_rels/slide0.xml.rels': relationships(links),
    ...files,
  });
  return parsePptx(bytes, 'a.pptx');
}
