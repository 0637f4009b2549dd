/** A paragraph's sentences, from the Unicode rules (UAX 29) and what they get wrong. */
import { cutPoint, type Range } from './cut.ts';

/**
 * Code units that are segmented in one call: Intl.Segmenter is quadratic in the length of its text. A sentence
 * that is longer is cut.
 */
const WINDOW = 4096;

/** Words with a point that seldom ends a sentence, at the end of a text. */
const ABBREVIATION =
  /(?:^|[\s([])(?:Dr|Mr|Mrs|Ms|Prof|St|vs|e\.g|i\.e|cf|Figs?|Eqs?|No|Nr|Nos|Vol|pp?|Sec|Ch|approx|ca|al|Inc|Ltd|Corp|Gen|Gov|Rev|bzw|vgl|z\.\s?B|\p{Lu})\.\s*$/u;

/** Text with fewer words is no sentence of its own: "1.", "Yes.", "(see". */
const MIN_WORDS = 3;
/** In scripts without spaces a character counts as a word. */
const WORD = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Thai}]|[\p{L}\p{N}]+/gu;

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** The sentences of a paragraph: ranges that follow one another and cover all of it. */
export function sentences(paragraph: string): Range[] {
  // A line's end is no sentence's end: text is wrapped.
  const text = paragraph.replace(/[\n\r\u0085\u2028\u2029]/g, ' ');
  const found: Range[] = [];
  const add = (range: Range) => {
    const last = found.at(-1);
    if (last !== undefined && isUnfinished(text, last)) last.end = range.end;
    else found.push(range);
  };
  let from = 0;
  while (from < text.length) {
    const window = text.slice(from, from + WINDOW);
    const starts = Array.from(segmenter.segment(window), ({ index }) => from + index);
    let end = from + window.length;
    if (end < text.length) {
      // The window's last sentence may go on: it starts the next window, or is cut when it fills this one.
      const half = { start: from + WINDOW / 2, end };
      end = starts.length > 1 ? starts.pop()! : cutPoint(paragraph, half, end);
    }
    starts.forEach((start, i) => {
      add({ start, end: starts[i + 1] ?? end });
    });
    from = end;
  }
  const last = found.at(-1);
  if (found.length > 1 && isTiny(text, last!)) {
    found.pop();
    found.at(-1)!.end = last!.end;
  }
  return found;
}

function isUnfinished(text: string, range: Range): boolean {
  if (range.end - range.start >= WINDOW) return false;
  return (
    ABBREVIATION.test(text.slice(Math.max(range.start, range.end - 16), range.end)) || isTiny(text, range)
  );
}

function isTiny(text: string, { start, end }: Range): boolean {
  if (end - start > 40) return false;
  return (text.slice(start, end).match(WORD)?.length ?? 0) < MIN_WORDS;
}
