/** LaTeX: title, sections, verbatim code and text; commands are dropped, what they hold is kept. Formulas stay. */

import type { Content } from '../types.ts';
import { MarkupBlocks, nextLine } from './markup-lines.ts';

const LEVELS: Readonly<Record<string, number>> = {
  part: 1,
  chapter: 2,
  section: 3,
  subsection: 4,
  subsubsection: 5,
  paragraph: 6,
};
const VERBATIM = /^\s{0,80}\\begin\{(verbatim\*?|lstlisting|minted|Verbatim|alltt|comment)\}/;

export function parseLatex(text: string): Content {
  const title = argument(text, '\\title');
  const metadata: Record<string, string> = {};
  for (const name of ['author', 'date'] as const) {
    const value = argument(text, `\\${name}`);
    if (value) metadata[name] = value;
  }
  const start = text.indexOf('\\begin{document}');
  const lines = (start < 0 ? text : text.slice(start + 16)).split('\n');
  const found = new MarkupBlocks();
  let inTable = false;
  for (let at = 0; at < lines.length; at++) {
    const raw = lines[at]!;
    const verbatim = VERBATIM.exec(raw)?.[1];
    if (verbatim !== undefined) {
      const last = nextLine(lines, at, (line) => line.includes(`\\end{${verbatim}}`));
      if (verbatim !== 'comment') found.code(lines.slice(at + 1, last));
      at = last;
      continue;
    }
    const line = withoutComment(raw).trim();
    const section =
      /^\\(part|chapter|section|subsection|subsubsection|paragraph)\*?(?:\[[^\]]{0,300}\])?\{(.*)$/.exec(
        line,
      );
    if (line.startsWith('\\end{document}')) break;
    if (section !== null) {
      const [heading, rest] = upToBrace(section[2]!);
      found.heading(LEVELS[section[1]!]!, inlineLatex(heading));
      if (rest.trim() !== '') found.text(inlineLatex(rest));
    } else if (line === '') {
      if (!/\S/.test(raw)) found.end();
    } else if (/^\\begin\{(?:tabular|tabularx|longtable)/.test(line)) {
      inTable = true;
    } else if (/^\\end\{(?:tabular|tabularx|longtable)/.test(line)) {
      inTable = false;
      found.end();
    } else if (inTable && line.includes('&')) {
      found.row(
        line
          .replace(/\\\\.*$/, '')
          .split(/(?<!\\)&/)
          .map((cell) => inlineLatex(cell.trim())),
      );
    } else if (
      !/^\\(?:begin|end|maketitle|label|usepackage|tableofcontents|centering|hline|toprule|midrule|bottomrule|includegraphics|bibliography|newcommand|title|author|date|clearpage|newpage)\b/.test(
        line,
      )
    ) {
      found.text(
        inlineLatex(
          line.replace(
            /^\\item\s{0,20}(?:\[([^\]]{0,300})\])?/,
            (_all, label?: string) => `- ${label ?? ''}`,
          ),
        ),
      );
    }
  }
  return { title, metadata, blocks: found.end() };
}

function withoutComment(line: string): string {
  for (let at = line.indexOf('%'); at >= 0; at = line.indexOf('%', at + 1)) {
    if (line[at - 1] !== '\\') return line.slice(0, at);
  }
  return line;
}

function argument(text: string, command: string): string | undefined {
  const at = text.indexOf(`${command}{`);
  if (at < 0) return undefined;
  const [value] = upToBrace(text.slice(at + command.length + 1, at + 1000));
  return inlineLatex(value.replace(/\s{1,80}/g, ' ').trim()) || undefined;
}

/** What stands before the brace that closes, and after it. */
function upToBrace(text: string): [string, string] {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '{') depth++;
    else if (text[at] === '}' && depth-- === 0) return [text.slice(0, at), text.slice(at + 1)];
  }
  return [text, ''];
}

/** Without commands and braces; formulas stay as they are written. */
function inlineLatex(text: string): string {
  return text
    .split(/(\$[^$]{1,1000}\$)/)
    .map((part, i) => (i % 2 === 1 ? part.slice(1, -1) : plainLatex(part)))
    .join('');
}

/** What TeX writes before a letter, and the combining mark that Unicode has after it. */
const ACCENTS: Readonly<Record<string, string>> = {
  '"': '\u0308',
  "'": '\u0301',
  '`': '\u0300',
  '^': '\u0302',
  '~': '\u0303',
  '=': '\u0304',
  '.': '\u0307',
};

function plainLatex(text: string): string {
  return text
    .replace(/\\(["'`^~=.])\{?([a-zA-Z])\}?/g, (_all, accent: string, letter: string) =>
      (letter + ACCENTS[accent]!).normalize('NFC'),
    )
    .replace(/\\ss(?![a-zA-Z])(?:\{\}|\s)?/g, 'ß')
    .replace(/\\((?:La)?TeX)(?![a-zA-Z])(?:\{\}|\\)?/g, '$1')
    .replace(/\\href\{([^{}]{1,500})\}\{([^{}]{1,500})\}/g, '$2 ($1)')
    .replace(
      /\\(?:label|vspace|hspace|cite[a-z]*|pageref|index)\*?(?:\[[^\]]{0,100}\])?\{[^{}]{0,200}\}/g,
      '',
    )
    .replace(/\\(?:footnote|thanks)\{/g, ' (')
    .replace(/\\[a-zA-Z]{1,40}\*?(?:\[[^\]]{0,200}\])?\s?/g, '')
    .replace(/\\([%&$#_{}])/g, '\ue000$1')
    .replace(/(?<!\ue000)[{}]/g, '')
    .replaceAll('\ue000', '')
    .replace(/\\\\/g, '\n')
    .replace(/\\[,;:! ]/g, ' ')
    .replace(/---/g, '—')
    .replace(/--/g, '–')
    .replace(/``|''/g, '"')
    .replaceAll('~', ' ');
}
