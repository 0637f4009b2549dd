/** LaTeX: title, sections, tables, formulas, verbatim code and text. */

import type { Content } from '../types.ts';
import { inlineLatex, upToBrace } from './latex-inline.ts';
import { MarkupBlocks, nextLine } from './markup-lines.ts';

const LEVELS: Readonly<Record<string, number>> = {
  part: 1,
  chapter: 2,
  section: 3,
  subsection: 4,
  subsubsection: 5,
  paragraph: 6,
  frametitle: 4,
};
const VERBATIM = /^\s{0,80}\\begin\{(verbatim\*?|lstlisting|minted|Verbatim|alltt|comment)\}/;
const HEADING =
  /^\\(part|chapter|section|subsection|subsubsection|paragraph|frametitle)\*?(?:\[[^\]]{0,300}\])?\{(.*)$/;
const FORMULA =
  /^(?:\\\[|\\begin\{(?:equation|align|alignat|gather|multline|eqnarray|displaymath|math|flalign)\*?\})/;
const TABLE = /^\\begin\{(?:tabular|tabularx|tabulary|longtable|supertabular|array|tblr)\*?\}/;
/** Beginnings and ends of environments, with what follows a beginning; "\\[2pt]" is the end of a row. */
const ENVIRONMENT =
  /(\\begin\{[^{}\n]{1,40}\}(?:\[[^\]\n]{0,200}\]|\{(?:[^{}\n]|\{[^{}\n]{0,80}\}){0,200}\}){0,3}|\\end\{[^{}\n]{1,40}\}|(?<!\\)\\[[\]])/;
/** Lines that say nothing to a reader. */
const SILENT =
  /^\\(?:usepackage|documentclass|newcommand|renewcommand|providecommand|newtheorem|newenvironment|DeclareMathOperator|def|let|title|author|date|hypersetup|geometry|maketitle|tableofcontents|listoffigures|listoftables|appendix|clearpage|newpage|centering|hline|toprule|midrule|bottomrule)\b/;
const MAX_NOTE = 3000;
const MAX_SPAN = 50;

/** Reads LaTeX, whole or a part of a document. */
export function parseLatex(text: string): Content {
  const title = statedBy(text, '\\title');
  const metadata: Record<string, string> = {};
  for (const name of ['author', 'date'] as const) {
    const value = statedBy(text, `\\${name}`);
    if (value) metadata[name] = value;
  }
  const start = text.indexOf('\\begin{document}');
  const found = new MarkupBlocks();
  const lines = linesOf(withNotes(start < 0 ? text : text.slice(start + 16)));
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
    if (line.startsWith('\\end{document}')) break;
    const heading = HEADING.exec(line);
    if (heading !== null) {
      const [shown, rest] = upToBrace(heading[2]!);
      found.heading(LEVELS[heading[1]!]!, inlineLatex(shown));
      if (rest.trim() !== '') found.text(inlineLatex(rest));
    } else if (line === '') {
      if (!/\S/.test(raw)) found.end();
    } else if (FORMULA.test(line)) {
      const end = nextLine(lines, at + 1, (each) => /^(?:\\\]|\\end\{)/.test(each));
      found.text(formula(lines.slice(at + 1, end)));
      at = end;
    } else if (TABLE.test(line)) {
      const end = nextLine(lines, at + 1, (each) => /^\\end\{/.test(each));
      for (const row of tableRows(lines.slice(at + 1, end))) found.row(row);
      found.end();
      at = end;
    } else if (line.startsWith('\\begin{')) beginning(line, found);
    else if (!line.startsWith('\\end{') && !SILENT.test(line)) found.text(inlineLatex(itemLine(line)).trim());
  }
  const blocks = found.end();
  // Macros alone, as in a style.
  return { title, metadata, blocks: blocks.length > 0 ? blocks : [{ kind: 'code', text }] };
}

/** Lines, with beginnings and ends of environments on lines of their own; code stays as it is. */
function linesOf(text: string): string[] {
  let verbatim: string | undefined;
  return text.split('\n').flatMap((line) => {
    if (verbatim !== undefined) {
      if (line.includes(`\\end{${verbatim}}`)) verbatim = undefined;
      return [line];
    }
    verbatim = VERBATIM.exec(line)?.[1];
    if (verbatim !== undefined) {
      if (line.includes(`\\end{${verbatim}}`)) verbatim = undefined;
      return [line];
    }
    if (!/\\(?:begin|end|\[|\])/.test(line)) return [line];
    const parts = withoutComment(line)
      .split(ENVIRONMENT)
      .filter((part) => part.trim() !== '');
    return parts.length === 0 ? ['%'] : parts.map((part) => part.trim());
  });
}

/** Footnotes as text in parentheses where they stand. */
function withNotes(text: string): string {
  const mark = /\\(?:footnote|thanks)\{/g;
  let out = '';
  let from = 0;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    if (found.index < from) continue;
    const start = mark.lastIndex;
    const [note] = upToBrace(text.slice(start, start + MAX_NOTE));
    out += `${text.slice(from, found.index)} (${note})`;
    from = Math.min(text.length, start + note.length + 1);
  }
  return out + text.slice(from);
}

/** A frame's or a theorem's name. */
function beginning(line: string, found: MarkupBlocks): void {
  const [, name = '', label, heading] =
    /^\\begin\{([A-Za-z]{1,40})\*?\}(?:\[([^\]]{0,200})\])?(?:\{(.{1,200})\})?$/.exec(line) ?? [];
  if (name === 'frame' && heading !== undefined) found.heading(LEVELS.frametitle!, inlineLatex(heading));
  else if (/^(?:theorem|lemma|definition|proposition|corollary|example|remark|proof)$/.test(name)) {
    found.end();
    const shown = `${name[0]!.toUpperCase()}${name.slice(1)}`;
    found.text(label === undefined ? `${shown}.` : `${shown} (${inlineLatex(label)}).`);
  }
}

function itemLine(line: string): string {
  return line.replace(
    /^\\item(?![a-z])\s{0,20}(?:\[([^\]]{0,300})\])?/,
    (_all, label?: string) => `- ${label === undefined ? '' : `${label}: `}`,
  );
}

function formula(lines: readonly string[]): string {
  return lines
    .map((line) =>
      withoutComment(line).replace(/\\(?:label|tag)\{[^{}]{0,200}\}|\\(?:nonumber|notag)\b/g, ''),
    )
    .map((line) =>
      line
        .replace(/\\\\(?:\[[^\]]{0,20}\])?\s*$/, '')
        .replace(/(?<!\\)&/g, '')
        .trim(),
    )
    .filter((line) => line !== '')
    .join('\n');
}

/** Rows end with two backslashes, wherever their lines do. */
function tableRows(lines: readonly string[]): string[][] {
  const text = lines.map(withoutComment).join('\n');
  return text
    .split(/\\\\\*?(?:\[[^\]]{0,20}\])?|\\tabularnewline\b/)
    .map((row) =>
      row.replace(/\\(?:hline|toprule|midrule|bottomrule|endhead|endfirsthead|endfoot|endlastfoot)\b/g, ''),
    )
    .map((row) => row.split(/(?<!\\)&/).flatMap(cellTexts))
    .filter((row) => row.some((cell) => cell !== ''));
}

/** A cell's text, and empty cells for the columns that it spans. */
function cellTexts(cell: string): string[] {
  const span = Number(/^\s{0,80}\\multicolumn\{(\d{1,2})\}/.exec(cell)?.[1] ?? 1);
  const text = inlineLatex(cell.replace(/\s{1,80}/g, ' '))
    .replace(/\s+/g, ' ')
    .trim();
  return [text, ...Array.from({ length: Math.min(span, MAX_SPAN) - 1 }, () => '')];
}

function withoutComment(line: string): string {
  for (let at = line.indexOf('%'); at >= 0; at = line.indexOf('%', at + 1)) {
    if (line[at - 1] !== '\\') return line.slice(0, at);
  }
  return line;
}

function statedBy(text: string, command: string): string | undefined {
  const at = text.indexOf(`${command}{`);
  if (at < 0) return undefined;
  const [argument] = upToBrace(text.slice(at + command.length + 1, at + 1000));
  const value = withNotes(argument);
  const parts = value
    .split(/\\and(?![a-z])|\\\\/)
    .map((part) => inlineLatex(part.replace(/\s{1,80}/g, ' ')).trim());
  return parts.filter((part) => part !== '').join(', ') || undefined;
}
