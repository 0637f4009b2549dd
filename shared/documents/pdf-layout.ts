/**
 * The text of PDF pages as headings and paragraphs. A PDF holds placed lines only: what belongs together is
 * told from the size of the letters and the distance of the lines.
 */
import type { Block } from './types.ts';

/** A line of a page. Lengths are in points; y grows upwards. */
export interface PdfLine {
  text: string;
  page: number;
  y: number;
  size: number;
}

/** Letters of a heading are larger than the text's by this factor at least. */
const HEADING_SIZE = 1.15;
const MAX_HEADING_LENGTH = 200;
/** Lines of a paragraph are no further apart than the document's usual lines, by this factor. */
const PARAGRAPH_GAP = 1.25;
const USUAL_GAP = 1.2;

const LIST_ITEM = /^(?:[•▪◦‣–*-]|\(?\d{1,3}[.)])\s/;
const CJK = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]/u;

/** Joins the lines of all pages, in reading order, to headings and paragraphs. */
export function layoutBlocks(lines: readonly PdfLine[]): Block[] {
  const body = mostCommonSize(lines);
  const paragraphs = joinPages(joinLines(lines, body));
  const isHeading = ({ text, size }: PdfLine) =>
    size >= body * HEADING_SIZE && text.length <= MAX_HEADING_LENGTH && /\p{L}{2}/u.test(text);
  const sizes = [...new Set(paragraphs.filter(isHeading).map(({ size }) => Math.round(size)))].sort(
    (a, b) => b - a,
  );
  return paragraphs.map((paragraph) => {
    const { text, page, size } = paragraph;
    if (!isHeading(paragraph)) return { kind: 'text', text, page };
    return { kind: 'heading', level: sizes.indexOf(Math.round(size)) + 1, text, page };
  });
}

/** The size in which most characters are set. */
function mostCommonSize(lines: readonly PdfLine[]): number {
  const characters = new Map<number, number>();
  for (const { text, size } of lines) {
    const rounded = Math.round(size * 2) / 2;
    characters.set(rounded, (characters.get(rounded) ?? 0) + text.length);
  }
  return [...characters].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
}

function joinLines(lines: readonly PdfLine[], body: number): PdfLine[] {
  const limit = usualGap(lines, body) * PARAGRAPH_GAP;
  const paragraphs: PdfLine[] = [];
  let previous: PdfLine | undefined;
  for (const line of lines) {
    const open = paragraphs.at(-1);
    if (open !== undefined && previous !== undefined && continues(previous, line, limit)) {
      open.text = joined(open.text, line.text);
    } else paragraphs.push({ ...line });
    previous = line;
  }
  return paragraphs;
}

function continues(previous: PdfLine, line: PdfLine, limit: number): boolean {
  const gap = previous.y - line.y;
  const sameSize = Math.abs(previous.size - line.size) <= 0.1 * previous.size;
  return previous.page === line.page && sameSize && gap > -0.5 && gap <= limit * line.size;
}

/** The distance of two lines of one paragraph, in letter sizes: the lower quartile of all distances. */
function usualGap(lines: readonly PdfLine[], body: number): number {
  const gaps: number[] = [];
  for (let i = 1; i < lines.length; i++) {
    const [above, line] = [lines[i - 1]!, lines[i]!];
    const gap = (above.y - line.y) / line.size;
    const isBody = [above, line].every(({ size }) => Math.abs(size - body) <= 0.5);
    if (isBody && above.page === line.page && gap > 0.5 && gap < 3) gaps.push(gap);
  }
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 4)] ?? USUAL_GAP;
}

/** A sentence that a page's end cuts goes on with the next page; it keeps the page where it starts. */
function joinPages(paragraphs: readonly PdfLine[]): PdfLine[] {
  const whole: PdfLine[] = [];
  let page = 0;
  for (const paragraph of paragraphs) {
    const open = whole.at(-1);
    const cut =
      open !== undefined && page === paragraph.page - 1 && Math.abs(open.size - paragraph.size) <= 0.5;
    if (cut && /[\p{L},-]$/u.test(open.text) && /^\p{Ll}/u.test(paragraph.text)) {
      open.text = joined(open.text, paragraph.text);
    } else whole.push({ ...paragraph });
    page = paragraph.page;
  }
  return whole;
}

function joined(text: string, line: string): string {
  if (LIST_ITEM.test(line)) return `${text}\n${line}`;
  if (text.endsWith('\u00ad')) return text.slice(0, -1) + line;
  if (/\p{L}-$/u.test(text) && /^\p{Ll}/u.test(line)) return text.slice(0, -1) + line;
  const spaceless = CJK.test(text.at(-1) ?? '') && CJK.test(line.at(0) ?? '');
  return spaceless ? text + line : `${text} ${line}`;
}
