/** Small PDFs, written by hand: what a test is about stands in the test. */
import { utf8 } from './document-fixtures.ts';

/** Text at a place, in points from the lower left corner; font F1 is Helvetica, F2 Helvetica-Bold. */
export type PlacedText = [x: number, y: number, text: string, size?: number, font?: string];

export interface PdfPage {
  text: readonly PlacedText[];
  /** Operators beside the text: lines of a table. */
  content?: string;
  /** References of annotations, "100 0 R 101 0 R". */
  annotations?: string;
}

export interface PdfParts {
  /** Entries of the catalog beside its pages. */
  catalog?: string;
  /** Entries of the information dictionary. */
  info?: string;
  /** Further fonts, "/F3 100 0 R". */
  fonts?: string;
  /** Number -> object, from 100. */
  objects?: Readonly<Record<number, string>>;
}

/** An A4 document. */
export function makePdf(pages: readonly PdfPage[], parts: PdfParts = {}): Uint8Array {
  const { catalog = '', info = '', fonts = '', objects = {} } = parts;
  const numbers = pages.map((_, i) => 10 + 2 * i);
  const all: Record<number, string> = {
    1: `<</Type/Catalog/Pages 2 0 R${catalog}>>`,
    2: `<</Type/Pages/Count ${pages.length}/Kids[${numbers.map((n) => `${n} 0 R`).join(' ')}]>>`,
    3: '<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>',
    4: '<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>',
    5: `<<${info}>>`,
    ...objects,
  };
  pages.forEach(({ text, content = '', annotations = '' }, i) => {
    const shown = text.map(
      ([x, y, string, size = 11, font = 'F1']) =>
        `BT /${font} ${size} Tf 1 0 0 1 ${x} ${y} Tm ${quoted(string)} Tj ET`,
    );
    all[numbers[i]!] =
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents ${numbers[i]! + 1} 0 R/Annots[${annotations}]` +
      `/Resources<</Font<</F1 3 0 R/F2 4 0 R${fonts}>>>>>>`;
    all[numbers[i]! + 1] = stream([...shown, content].join('\n'));
  });
  const written = Object.entries(all).map(([number, object]) => `${number} 0 obj\n${object}\nendobj\n`);
  return utf8(`%PDF-1.7\n${written.join('')}trailer\n<</Size 999/Root 1 0 R/Info 5 0 R>>\n%%EOF\n`);
}

export function stream(content: string, entries = ''): string {
  return `<</Length ${utf8(content).length}${entries}>>\nstream\n${content}\nendstream`;
}

/** Lines of text below one another. */
export function lines(x: number, y: number, texts: readonly string[], size = 11): PlacedText[] {
  return texts.map((text, i) => [x, y - i * 1.3 * size, text, size]);
}

/** A string of a content stream; "<...>" is one in hexadecimal already. */
function quoted(text: string): string {
  return /^<[\da-f]*>$/.test(text) ? text : `(${text.replace(/[()\\]/g, '\\$&')})`;
}
