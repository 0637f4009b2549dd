/** Finds the words of a passage among the pieces of text that a page is drawn with. */

/** Letters from `start` to `end` of one piece. */
export interface Range {
  piece: number;
  start: number;
  end: number;
}

export interface Found {
  ranges: Range[];
  /** Share of the passage's letters that were found, 0 to 1. */
  share: number;
}

/** So many words in a row tell a place; fewer come again by chance. */
const WINDOW = 4;
const LETTER = /[\p{L}\p{N}]/u;

/**
 * Pages break lines, hyphenate and space as they like, so only letters and digits are compared: every few words in a
 * row of the passage are sought on the page, first from where the last were found.
 */
export function findPassage(pieces: readonly string[], passage: string): Found {
  const page = lettersOf(pieces);
  const words = passage
    .split(/[^\p{L}\p{N}]+/u)
    .map((word) => lettersOf([word]).text)
    .filter((word) => word !== '');
  const size = Math.min(WINDOW, words.length);
  const covered = new Uint8Array(page.text.length);
  let from = 0;
  let wanted = 0;
  for (let i = 0; size > 0 && i + size <= words.length; i++) {
    const letters = words.slice(i, i + size).join('');
    let at = page.text.indexOf(letters, from);
    if (at === -1) at = page.text.indexOf(letters);
    if (at === -1) continue;
    covered.fill(1, at, at + letters.length);
    from = at;
  }
  for (const word of words) wanted += word.length;
  const count = covered.reduce((sum, one) => sum + one, 0);
  return { ranges: toRanges(page, covered), share: wanted === 0 ? 0 : Math.min(1, count / wanted) };
}

interface Letters {
  text: string;
  /** For each letter of the text: the piece that it is in, and where there. */
  piece: number[];
  offset: number[];
}

/** Letters and digits alone, in lower case; one sign may stand for several (ligatures). */
function lettersOf(pieces: readonly string[]): Letters {
  const letters: Letters = { text: '', piece: [], offset: [] };
  for (const [piece, text] of pieces.entries()) {
    let offset = 0;
    for (const sign of text) {
      for (const part of sign.normalize('NFKC').toLowerCase()) {
        if (!LETTER.test(part)) continue;
        letters.text += part;
        for (let i = 0; i < part.length; i++) {
          letters.piece.push(piece);
          letters.offset.push(offset);
        }
      }
      offset += sign.length;
    }
  }
  return letters;
}

/** Letters that follow each other in one piece, with what is between them, are one range. */
function toRanges({ piece, offset }: Letters, covered: Uint8Array): Range[] {
  const ranges: Range[] = [];
  for (let i = 0; i < covered.length; i++) {
    if (covered[i] === 0) continue;
    const last = ranges.at(-1);
    const end = offset[i]! + 1;
    if (last !== undefined && covered[i - 1] === 1 && last.piece === piece[i]) last.end = end;
    else ranges.push({ piece: piece[i]!, start: offset[i]!, end });
  }
  return ranges;
}
