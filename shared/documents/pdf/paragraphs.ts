/** Paragraphs that the library took for one: a wider gap after the end of a sentence starts another. */
import type { TextItem } from '@llamaindex/liteparse';
import { linesOf, lineText, middle, squeeze } from './lines.ts';

/** Lines of a paragraph are no further apart than the usual ones, by this factor. */
const WIDER = 1.25;
const SENTENCE_END = /[.!?:。]["'”’)\]]*$/;

/** @param items those that the text was made from */
export function splitParagraphs(text: string, items: readonly TextItem[]): string[] {
  const lines = linesOf(items);
  const written = lines.map(lineText);
  // In columns, the lines are not those of the text.
  if (lines.length < 3 || squeeze(written.join('')) !== squeeze(text)) return [text];
  const gaps = lines.slice(1).map(({ box }, i) => middle(box) - middle(lines[i]!.box));
  const usual = Math.min(...gaps);
  const parts: string[] = [];
  let rest = text;
  let letters = 0;
  gaps.forEach((gap, i) => {
    letters += squeeze(written[i]!).length;
    if (gap < WIDER * usual || !SENTENCE_END.test(written[i]!)) return;
    const at = endOf(rest, letters);
    parts.push(rest.slice(0, at).trim());
    rest = rest.slice(at);
    letters = 0;
  });
  return [...parts, rest.trim()].filter((part) => part !== '');
}

/** Where a text's first so many letters and digits end, with the marks behind them. */
function endOf(text: string, letters: number): number {
  let at = 0;
  let seen = 0;
  for (const character of text) {
    if (seen >= letters && /\s/.test(character)) break;
    seen += squeeze(character).length;
    at += character.length;
  }
  return at;
}
