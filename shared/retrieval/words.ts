/** Prepares text for the word index. */

/** Letters of scripts that write words without spaces between them, or (Hangul) glue particles to words. */
const UNSPACED =
  /(?:(?=[\p{L}\p{M}])[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmr}\p{scx=Mymr}])+/gu;

/**
 * A text whose words a plain tokenizer finds by spaces and punctuation: compatibility forms unified (NFKC), and
 * runs of Chinese, Japanese, Korean, Thai and the like as overlapping pairs of letters, "東京都" -> "東京 京都",
 * as Lucene's CJKAnalyzer does. Passages and questions go through it alike.
 *
 * LanceDB's ngram tokenizer would find such text too, but only for all languages at once: English words would
 * match by any three letters that they share.
 */
export function toWords(text: string): string {
  return text.normalize('NFKC').replace(UNSPACED, (run) => ` ${pairs([...run]).join(' ')} `);
}

function pairs(letters: readonly string[]): readonly string[] {
  if (letters.length < 3) return [letters.join('')];
  return letters.slice(1).map((letter, i) => `${letters[i]}${letter}`);
}
