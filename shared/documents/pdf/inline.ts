/** The library's text is Markdown: letters that could be marks are escaped, emphasis is marked, links are written out. */

/** Stands for the end of a line that must stay one: the library joins lines. */
export const LINE_END = '\ufdd4';
const LINE_ENDS = /\s*\ufdd4[\s\ufdd4]*/g;

const ESCAPED = /\\([\\`*_])/g;
/** Not across brackets, so that it is linear in the text. */
const LINK = /\[([^[\]\n]*)\]\(([^()\s]*)\)/g;
const MARK = /[*_`]/g;
const LEADERS = /(?:\s?[.·…_]){5,}\s*/g;
const CJK = '[\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}。、]';
const SPACE_IN_CJK = new RegExp(`(?<=${CJK}) (?=${CJK})`, 'gu');

/** Stand for escaped letters while marks are removed; no font maps to them. */
const HIDDEN = '\ufdd0\ufdd1\ufdd2\ufdd3';
const LETTERS = '\\`*_';

/** Reading text of a Markdown paragraph: "see [page](https://a.example)" becomes "see page (https://a.example)". */
export function readingText(markdown: string): string {
  return plainText(
    markdown
      .replace(ESCAPED, (_, letter: string) => HIDDEN[LETTERS.indexOf(letter)]!)
      .replace(LINK, (_, text: string, target: string) => linked(text, target))
      .replace(MARK, '')
      .replace(/[\ufdd0-\ufdd3]/g, (hidden) => LETTERS[HIDDEN.indexOf(hidden)]!),
  );
}

/** Text that was not Markdown: leaders of a table of contents and the blanks of CJK line ends are removed. */
export function plainText(text: string): string {
  return text
    .replace(LINE_ENDS, '\n')
    .replace(LEADERS, ' … ')
    .replace(SPACE_IN_CJK, '')
    .replace(/[☑☒✓✔✗✘🗹🗷]\s?/gu, '[x] ')
    .replace(/[☐❏❑]\s?/gu, '[ ] ')
    .trim();
}

function linked(text: string, target: string): string {
  // Marks in an address are letters of it.
  const address = target.replace(MARK, (mark) => HIDDEN[LETTERS.indexOf(mark)]!);
  const shown = text.replace(/[\ufdd0-\ufdd3]/g, (hidden) => LETTERS[HIDDEN.indexOf(hidden)]!);
  const bare = target.replace(/^(?:https?:\/\/(?:www\.)?|mailto:|tel:)/i, '').replace(/\/$/, '');
  const isWeb = /^(?:https?:|mailto:|tel:)/i.test(target);
  return isWeb && !shown.replace(/\s/g, '').includes(bare) ? `${text} (${address})` : text;
}
