/** Small Office files, written as XML and zipped in the test. */
import { ZipFile } from 'yazl';
import { outline } from '../../shared/documents/passages/outline.ts';
import { blockText } from '../../shared/documents/passages/pieces.ts';
import type { Content } from '../../shared/documents/types.ts';

const TYPES = 'http://schemas.openxmlformats.org';
/** Declarations of the namespaces that the tests use. */
export const NAMESPACES = [
  `xmlns:w="${TYPES}/wordprocessingml/2006/main"`,
  `xmlns:p="${TYPES}/presentationml/2006/main"`,
  `xmlns:a="${TYPES}/drawingml/2006/main"`,
  `xmlns:c="${TYPES}/drawingml/2006/chart"`,
  `xmlns:r="${TYPES}/officeDocument/2006/relationships"`,
  `xmlns:m="${TYPES}/officeDocument/2006/math"`,
  `xmlns:wp="${TYPES}/drawingml/2006/wordprocessingDrawing"`,
  `xmlns:mc="${TYPES}/markup-compatibility/2006"`,
  'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"',
  'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"',
  'xmlns:v="urn:schemas-microsoft-com:vml"',
].join(' ');

/** An archive of text files. */
export async function zipped(files: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const zip = new ZipFile();
  for (const [name, text] of Object.entries(files)) zip.addBuffer(Buffer.from(text), name);
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A relationships part: id -> [type, target]; a target with a scheme is external. */
export function relationships(
  found: Readonly<Record<string, readonly [type: string, target: string]>>,
): string {
  const items = Object.entries(found).map(([id, [type, target]]) => {
    const mode = /^\w+:/.test(target) ? ' TargetMode="External"' : '';
    return `<Relationship Id="${id}" Type="${TYPES}/officeDocument/2006/relationships/${type}" Target="${target}"${mode}/>`;
  });
  return `<Relationships xmlns="${TYPES}/package/2006/relationships">${items.join('')}</Relationships>`;
}

/** A part of Word: `root` is "w:document", "w:styles", ... */
export function wordPart(root: string, xml: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><${root} ${NAMESPACES}>${xml}</${root}>`;
}

/** The text of all blocks in reading order; headings as "# text". */
export function lines({ blocks }: Content): string[] {
  return blocks.map((block) =>
    block.kind === 'heading' ? `${'#'.repeat(block.level)} ${block.text}` : blockText(block),
  );
}

/** The same after the clean-up that all formats get. */
export function cleanLines(content: Content): string[] {
  return outline({ ...content, metadata: {} }, 'file').sections.flatMap((section) =>
    section.content.map(blockText),
  );
}

/** Parts of a Word file beside its text, by their names: `{ footnotes: '<w:footnote ...' }`. */
export interface WordParts {
  styles?: string;
  numbering?: string;
  footnotes?: string;
  endnotes?: string;
  comments?: string;
  settings?: string;
  /** Further relationships and files. */
  links?: Readonly<Record<string, readonly [type: string, target: string]>>;
  files?: Readonly<Record<string, string>>;
}

const WORD_STYLES = ['Title', 'heading 1', 'heading 2', 'caption', 'toc 1', 'HTML Preformatted'].map(
  (name) =>
    `<w:style w:type="paragraph" w:styleId="${name.replaceAll(' ', '')}"><w:name w:val="${name}"/></w:style>`,
);

/** A Word file with a body; styles "Title", "heading1", "heading2", "caption" are there. */
export function wordFile(body: string, parts: WordParts = {}): Promise<Uint8Array> {
  const { links = {}, files = {}, styles = '', ...others } = parts;
  const texts = { ...others, styles: WORD_STYLES.join('') + styles };
  const found = Object.entries(texts);
  const own = Object.fromEntries(found.map(([name]) => [name, [name, `${name}.xml`] as const]));
  return zipped({
    '_rels/.rels': relationships({ main: ['officeDocument', 'word/document.xml'] }),
    'word/document.xml': wordPart('w:document', `<w:body>${body}</w:body>`),
    'word/_rels/document.xml.rels': relationships({ ...own, ...links }),
    ...Object.fromEntries(found.map(([name, xml]) => [`word/${name}.xml`, wordPart(`w:${name}`, xml)])),
    ...files,
  });
}

/** A run of text. */
export function run(text: string, properties = ''): string {
  return `<w:r><w:rPr>${properties}</w:rPr><w:t xml:space="preserve">${text}</w:t></w:r>`;
}

/** A paragraph of runs or of plain text. */
export function paragraph(content: string, properties = ''): string {
  const runs = content.startsWith('<') ? content : run(content);
  return `<w:p><w:pPr>${properties}</w:pPr>${runs}</w:p>`;
}

/** A paragraph in a style. */
export function styled(style: string, content: string): string {
  return paragraph(content, `<w:pStyle w:val="${style}"/>`);
}

/** A paragraph in a list. */
export function item(text: string, numId: number, level = 0, style = ''): string {
  const named = style === '' ? '' : `<w:pStyle w:val="${style}"/>`;
  return paragraph(text, `${named}<w:numPr><w:ilvl w:val="${level}"/><w:numId w:val="${numId}"/></w:numPr>`);
}

/** A table of cells; a cell is text, or paragraphs as XML, with properties before "|" if any: "<w:vMerge/>|". */
export function table(rows: readonly (readonly string[])[]): string {
  const cell = (content: string) => {
    const [properties, text] = content.includes('|') ? content.split('|') : ['', content];
    return `<w:tc><w:tcPr>${properties}</w:tcPr>${text!.startsWith('<') ? text : paragraph(text!)}</w:tc>`;
  };
  return `<w:tbl>${rows.map((cells) => `<w:tr>${cells.map(cell).join('')}</w:tr>`).join('')}</w:tbl>`;
}

/** A level of a list. */
export function listLevel(index: number, format: string, text: string, more = ''): string {
  return `<w:lvl w:ilvl="${index}"><w:start w:val="1"/><w:numFmt w:val="${format}"/><w:lvlText w:val="${text}"/>${more}</w:lvl>`;
}
