/** LaTeX within a line: commands are dropped, what they hold is kept; formulas stay as they are written. */

/** Accents that TeX writes before a letter, and the combining mark that Unicode has after it. */
const ACCENTS: Readonly<Record<string, string>> = {
  '"': '\u0308',
  "'": '\u0301',
  '`': '\u0300',
  '^': '\u0302',
  '~': '\u0303',
  '=': '\u0304',
  '.': '\u0307',
  c: '\u0327',
  v: '\u030c',
  H: '\u030b',
  u: '\u0306',
  k: '\u0328',
  r: '\u030a',
  d: '\u0323',
  b: '\u0331',
};
/** Commands that are a letter or a sign. */
const SIGNS: Readonly<Record<string, string>> = {
  ss: 'ß',
  o: 'ø',
  O: 'Ø',
  l: 'ł',
  L: 'Ł',
  ae: 'æ',
  AE: 'Æ',
  oe: 'œ',
  OE: 'Œ',
  aa: 'å',
  AA: 'Å',
  dh: 'ð',
  th: 'þ',
  i: 'i',
  j: 'j',
  S: '§',
  P: '¶',
  copyright: '©',
  pounds: '£',
  euro: '€',
  texteuro: '€',
  textdegree: '°',
  degree: '°',
  ldots: '…',
  dots: '…',
  textellipsis: '…',
  textendash: '–',
  textemdash: '—',
  textasciitilde: '\ue001',
  textbackslash: '\ue002',
  textbar: '|',
  textless: '<',
  textgreater: '>',
  LaTeX: 'LaTeX',
  TeX: 'TeX',
};
/** Commands whose argument is for programs. */
const UNREAD =
  /\\(?:label|[vh]space|pageref|index|includegraphics|bibliography(?:style)?|addbibresource|pagestyle|thispagestyle|setlength|setcounter|addtocounter|cline|cmidrule|vskip|fontsize|selectlanguage|color|graphicspath)\*?(?:\([^)]{0,20}\))?(?:\[[^\]]{0,200}\])?(?:\{[^{}]{0,200}\}){0,2}/g;

/** Without commands and braces; formulas stay as they are written. */
export function inlineLatex(text: string): string {
  return text
    .replace(/\$\$|(?<!\\)\\[()]/g, '$')
    .split(/((?<!\\)\$[^$]{1,1000}\$)/)
    .map((part, i) => (i % 2 === 1 ? part.slice(1, -1) : plainLatex(part)))
    .join('');
}

/** What stands before the brace that closes, and after it. */
export function upToBrace(text: string): [string, string] {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '{') depth++;
    else if (text[at] === '}' && depth-- === 0) return [text.slice(0, at), text.slice(at + 1)];
  }
  return [text, ''];
}

function plainLatex(text: string): string {
  return text
    .replace(/\\([A-Za-z]{1,20})(?![A-Za-z])(?:\{\}|\\(?=\s)|[ \t])?/g, (all, name: string) =>
      Object.hasOwn(SIGNS, name) ? SIGNS[name]! : all,
    )
    .replace(
      /\\(?:(["'`^~=.])\s?\{?\s?([A-Za-z])\s?\}?|([cvHukrdb])(?:\{([A-Za-z])\}|\s([A-Za-z])))/g,
      (_all, sign?: string, letter?: string, named?: string, braced?: string, spaced?: string) =>
        ((letter ?? braced ?? spaced)! + ACCENTS[(sign ?? named)!]!).normalize('NFC'),
    )
    .replace(/\\href\{([^{}]{1,500})\}\{([^{}]{1,500})\}/g, '$2 ($1)')
    .replace(UNREAD, '')
    .replace(/\\(?:[a-z]{0,10}cite[a-z]{0,10})\*?(?:\[[^\]]{0,100}\]){0,2}\{([^{}]{0,300})\}/gi, '[$1]')
    .replace(
      /\\(?:multicolumn|multirow)\*?(?:\[[^\]]{0,20}\])?\{[^{}]{0,20}\}\{(?:[^{}]|\{[^{}]{0,50}\}){0,80}\}/g,
      '',
    )
    .replace(/\\(?:textcolor|colorbox|fcolorbox|raisebox|resizebox)\{[^{}]{0,50}\}/g, '')
    .replace(/\\[a-zA-Z]{1,40}\*?(?:\[[^\]]{0,200}\])?\s?/g, '')
    .replace(/\\([%&$#_{}])/g, '\ue000$1')
    .replace(/(?<!\ue000)[{}]/g, '')
    .replaceAll('\ue000', '')
    .replace(/\\\\(?:\[[^\]]{0,20}\])?/g, '\n')
    .replace(/\\[,;:! /@-]/g, (sign) => (/[-/@!]/.test(sign) ? '' : ' '))
    .replace(/---/g, '—')
    .replace(/--/g, '–')
    .replace(/``|''/g, '"')
    .replaceAll('~', ' ')
    .replaceAll('\ue001', '~')
    .replaceAll('\ue002', '\\');
}
