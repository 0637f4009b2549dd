/**
 * The library's text is Markdown: emphasis is marked and links are written out, but letters that look like marks are
 * seldom escaped. What the page shows tells them apart.
 */

/** Stands for the end of a line that must stay one: the library joins lines. */
export const LINE_END = '\ufdd4';
const LINE_ENDS = /\s*\ufdd4[\s\ufdd4]*/g;

const ESCAPED = /\\([\\`*_])/g;
/** Not across brackets, so that it is linear in the text. */
const LINK = /\[([^[\]\n]*)\]\(([^()\s]*)\)/g;
const MARKS = '*_`\\';
const LEADERS = /(?:\s?[.·…_]){5,}\s*/g;
const CJK = '[\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}。、]';
const SPACE_IN_CJK = new RegExp(`(?<=${CJK}) (?=${CJK})`, 'gu');

/** Stands for the address of a link while marks are removed; no font maps to it. */
const ADDRESS = '\ufdd0';
/** The page may have so many letters between two of the text's. */
const MAX_LOST = 32;

/**
 * Reading text of a Markdown paragraph: "see [page](https://a.example)" becomes "see page (https://a.example)".
 * @param shown the letters of the paragraph on the page, in its order, without blanks
 */
export function readingText(markdown: string, shown: string): string {
  const addresses: string[] = [];
  const text = markdown.replace(LINK, (_, label: string, target: string) => {
    addresses.push(addressBeside(label, target));
    return label + ADDRESS;
  });
  return plainText(withoutMarks(text, shown).replaceAll(ADDRESS, () => addresses.shift() ?? ''));
}

/** Leaves out every mark that is no letter of the page. */
function withoutMarks(text: string, shown: string): string {
  let kept = '';
  let at = 0;
  for (const letter of text) {
    if (letter === shown.slice(at, at + letter.length)) at += letter.length;
    else if (MARKS.includes(letter)) continue;
    else {
      const next = shown.indexOf(letter, at);
      if (next >= 0 && next - at <= MAX_LOST && letter !== ADDRESS && letter.trim() !== '') {
        at = next + letter.length;
      }
    }
    kept += letter;
  }
  return kept;
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

/** " (https://a.example)", unless the text says it itself, or it leads to another place of the document. */
function addressBeside(label: string, target: string): string {
  const said = label.replace(ESCAPED, '$1').replace(/\s/g, '');
  const bare = target.replace(/^(?:https?:\/\/(?:www\.)?|mailto:|tel:)/i, '').replace(/\/$/, '');
  const isWeb = /^(?:https?:|mailto:|tel:)/i.test(target);
  return isWeb && !said.includes(bare) ? ` (${target})` : '';
}
