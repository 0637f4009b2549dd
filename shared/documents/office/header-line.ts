/** Lines of headers and footers without the numbers of pages. */

/** Stands for the number of a page, or of all pages, until the line is tidied. */
export const PAGE_MARK = '\ue000';

/** "Page 3 of 12": what is left of a piece with a page number is not kept if it has no more words than this. */
const MAX_PAGE_WORDS = 3;
const SEPARATORS = /(\t|\s[|–—·•/-]\s)/;

/** A line without its page number and the words around that; '' when nothing is left. */
export function headerLine(line: string): string {
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
