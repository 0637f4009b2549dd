/** AsciiDoc: headings, code, tables and lists; inline marks are dropped. */

import type { Content } from '../types.ts';
import { MarkupBlocks, nextLine } from './markup-lines.ts';

export function parseAsciiDoc(text: string): Content {
  const lines = text.split('\n');
  const found = new MarkupBlocks();
  const metadata: Record<string, string> = {};
  let title: string | undefined;
  let columns = 0;
  let cells: string[] = [];
  let inTable = false;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!.trimEnd();
    const heading = /^(={1,6}|#{1,6})[ \t]{1,20}(\S.*)$/.exec(line);
    const attribute = /^:([\w-]{1,80}):\s(.*)$/.exec(line);
    if (/^(-{4,}|\.{4,})$/.test(line)) {
      const last = nextLine(lines, at + 1, (each) => each.trimEnd() === line);
      found.code(lines.slice(at + 1, last));
      at = last;
    } else if (/^\/{4,}$/.test(line)) {
      at = nextLine(lines, at + 1, (each) => each.trimEnd() === line);
    } else if (line === '|===') {
      if (inTable && columns > 0)
        for (let i = 0; i < cells.length; i += columns) found.row(cells.slice(i, i + columns));
      found.end();
      [inTable, columns, cells] = [!inTable, 0, []];
    } else if (inTable) {
      const parts = line
        .split('|')
        .slice(1)
        .map((cell) => inlineAsciiDoc(cell.trim()));
      if (columns === 0 && parts.length > 0) columns = parts.length;
      if (parts.length > 0) cells.push(...parts);
      else if (cells.length > 0 && line !== '') cells.push(`${cells.pop()} ${inlineAsciiDoc(line.trim())}`);
    } else if (heading !== null) {
      const [, marks = '', shown = ''] = heading;
      if (marks.length === 1 && title === undefined) title = inlineAsciiDoc(shown);
      found.heading(marks.length, inlineAsciiDoc(shown));
    } else if (attribute !== null) {
      if (/^(?:author|email|revdate|revnumber|description|keywords)$/.test(attribute[1]!)) {
        metadata[attribute[1]!] = attribute[2]!;
      }
    } else if (line === '' || line === '+' || /^(?:\[.*\]|={4,}|\*{4,}|_{4,}|--|'{3,}|<<<)$/.test(line))
      found.end();
    else if (/^\.[^\s.]/.test(line)) found.text(inlineAsciiDoc(line.slice(1)));
    else if (!line.startsWith('//') && !/^(?:include|ifdef|ifndef|endif|ifeval|toc)::/.test(line)) {
      found.text(inlineAsciiDoc(listMark(line)));
    }
  }
  if (inTable && columns > 0)
    for (let i = 0; i < cells.length; i += columns) found.row(cells.slice(i, i + columns));
  return { title, metadata, blocks: found.end() };
}

/** "** nested" -> "  - nested", ".. second" -> "  1. second". */
function listMark(line: string): string {
  const [, marks, rest] = /^\s{0,20}([*-]{1,6}|\.{1,6})\s(.*)$/.exec(line) ?? [];
  if (marks === undefined) return line;
  return `${'  '.repeat(marks.length - 1)}${marks[0] === '.' ? '1.' : '-'} ${rest}`;
}

function inlineAsciiDoc(text: string): string {
  return text
    .replace(
      /((?:https?|mailto|tel):[^\s[\]]{1,500})\[([^\]]{0,500})\]/g,
      (_all, target: string, shown: string) =>
        shown === '' || shown === '^' ? target : `${shown} (${target})`,
    )
    .replace(
      /(?:link|xref|image):{1,2}([^\s[\]]{1,500})\[([^\]]{0,500})\]/g,
      (_all, target: string, shown: string) => shown || target,
    )
    .replace(
      /<<[^>,]{1,200}(?:,([^>]{1,200}))?>>/g,
      (all, shown?: string) => shown?.trim() ?? all.slice(2, -2),
    )
    .replace(/(?<![\w*])\*{1,2}([^\s*][^*]{0,500})\*{1,2}(?![\w*])/g, '$1')
    .replace(/(?<![\w_])_{1,2}([^\s_][^_]{0,500})_{1,2}(?![\w_])/g, '$1')
    .replace(/(?<![\w`])`{1,2}([^`]{1,500})`{1,2}(?![\w`])/g, '$1');
}
