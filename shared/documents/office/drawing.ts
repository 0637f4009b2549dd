/** Text of pictures, charts and diagrams. */
import type { Block } from '../types.ts';
import type { OfficePackage, Relationships } from './package.ts';
import { child, descendants, elements, isTrue, textContent, type XmlElement } from './xml.ts';

/** What Office adds to texts that it has made itself. */
const GENERATED =
  / ?(?:Description (?:automatically )?generated(?: with \w+ confidence)?|Automatisch generierte Beschreibung|AI-generated content may be incorrect\.?)/gi;

const FILE_NAME = /^[^ ]+\.(?:png|jpe?g|gif|emf|wmf|svg|bmp|tiff?|webp)$/i;

/** The alternative text of a drawing's non-visual properties (wp:docPr, p:cNvPr); '' when it has none. */
export function altText(properties: XmlElement | undefined): string {
  if (properties === undefined) return '';
  if (descendants(properties, 'decorative:decorative').some(({ attributes }) => isTrue(attributes.val)))
    return '';
  const { descr = '', title = '' } = properties.attributes;
  const text = (descr || title).replace(/\s+/g, ' ').replace(GENERATED, '').trim();
  return FILE_NAME.test(text) ? '' : text;
}

/** The blocks of the charts and diagrams that a drawing refers to. */
export function graphicBlocks(drawing: XmlElement, file: OfficePackage, links: Relationships): Block[] {
  return descendants(drawing, 'c:chart', 'dgm:relIds').flatMap(({ name, attributes }) => {
    const part = file.part(links.get(attributes[name === 'c:chart' ? 'r:id' : 'r:dm'] ?? '')?.target);
    if (part === undefined) return [];
    return name === 'c:chart' ? [chartBlock(part)] : diagramBlocks(part);
  });
}

/** A chart as the table of its values, a category a row. */
function chartBlock(root: XmlElement): Block {
  const chart = child(root, 'c:chart');
  const caption = descendants(child(chart, 'c:title'), 'a:t').map(textContent).join('');
  const series = descendants(child(chart, 'c:plotArea'), 'c:ser').map((element) => ({
    name: descendants(child(element, 'c:tx'), 'c:v').map(textContent).join(' '),
    categories: points(child(element, 'c:cat') ?? child(element, 'c:xVal')),
    values: points(child(element, 'c:val') ?? child(element, 'c:yVal')),
  }));
  const indices = new Set(
    series.flatMap(({ categories, values }) => [...categories.keys(), ...values.keys()]),
  );
  const rows = [...indices].map((index) => [
    series.map(({ categories }) => categories.get(index)).find((text) => text !== undefined) ?? '',
    ...series.map(({ values }) => values.get(index) ?? ''),
  ]);
  return {
    kind: 'table',
    caption: caption || undefined,
    header: ['', ...series.map(({ name }) => name)],
    rows,
  };
}

/** Cached points by their index; floats without their noise. */
function points(data: XmlElement | undefined): Map<string, string> {
  return new Map(
    descendants(data, 'c:pt').map((point) => {
      const text = textContent(child(point, 'c:v'));
      const isFloat = /^-?\d*\.\d{12,}(?:e-?\d+)?$/i.test(text);
      return [point.attributes.idx ?? '', isFloat ? String(Number(Number(text).toPrecision(12))) : text];
    }),
  );
}

function diagramBlocks(root: XmlElement): Block[] {
  const lines = elements(child(root, 'dgm:ptLst'), 'dgm:pt')
    .filter(({ attributes }) => attributes.type === undefined || attributes.type === 'node')
    .flatMap((point) => descendants(point, 'a:p'))
    .map((paragraph) => descendants(paragraph, 'a:t').map(textContent).join('').trim())
    .filter((line) => line !== '');
  return lines.length === 0 ? [] : [{ kind: 'text', text: lines.map((line) => `- ${line}`).join('\n') }];
}
