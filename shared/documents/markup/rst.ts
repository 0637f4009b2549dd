/** reStructuredText: titles by their underlines, literal blocks and directives; inline marks are dropped. */

import type { Content } from '../types.ts';
import { indentOf, MarkupBlocks } from './markup-lines.ts';

/** Directives whose content is code. */
const CODE = /^(?:code|code-block|sourcecode|literalinclude|highlight|parsed-literal|math|doctest|console)$/;
/** Directives that say nothing to a reader. */
const SILENT = /^(?:toctree|contents|highlight|default-domain|currentmodule|meta|raw|include|index|_.*)$/;

export function parseRst(text: string): Content {
  const lines = text.split('\n');
  const found = new MarkupBlocks();
  const marks: string[] = [];
  let at = 0;
  const block = (from: number, indent: number): string[] => {
    let end = from;
    while (end < lines.length && (lines[end]!.trim() === '' || indentOf(lines[end]!) > indent)) end++;
    at = end;
    return lines.slice(from, end);
  };
  while (at < lines.length) {
    const line = lines[at]!;
    const over = ruleMark(line);
    const hasOver =
      over !== undefined && ruleMark(lines[at + 2]) === over && isTitle(lines[at + 1], lines[at + 2]);
    if (hasOver || isTitle(line, lines[at + 1])) {
      const title = hasOver ? lines[at + 1]! : line;
      const mark = hasOver ? over + over : ruleMark(lines[at + 1])!;
      if (!marks.includes(mark)) marks.push(mark);
      found.heading(marks.indexOf(mark) + 1, inlineRst(title.trim()));
      at += hasOver ? 3 : 2;
      continue;
    }
    const directive = /^\s{0,80}\.\. ([\w:_-]{1,80}?)::\s?(.*)$/.exec(line);
    at++;
    if (directive !== null) {
      const [, name = '', argument = ''] = directive;
      const body = block(at, indentOf(line));
      if (SILENT.test(name)) continue;
      const content = body.filter((each) => !/^\s{1,80}:[\w-]{1,80}:/.test(each));
      if (CODE.test(name)) found.code(content);
      else {
        found.end();
        const label = /^(?:note|tip|hint|important|warning|caution|danger|error|attention|admonition)$/.test(
          name,
        );
        const first = inlineRst(argument);
        const head = label ? `${name[0]!.toUpperCase()}${name.slice(1)}: ${first}` : first;
        if (head !== '') found.text(head);
        for (const each of content)
          if (each.trim() === '') found.end();
          else found.text(inlineRst(each.trim()));
        found.end();
      }
    } else if (/^\s{0,80}\.\.(?:\s|$)/.test(line)) {
      // A comment, a target or a substitution; a footnote is text.
      const note = /^\s{0,80}\.\. (\[[^\]]{1,80}\]) (.*)$/.exec(line);
      const body = block(at, indentOf(line));
      if (note === null) continue;
      found.end();
      found.text(`${note[1]} ${inlineRst([note[2]!, ...body].map((each) => each.trim()).join(' '))}`);
      found.end();
    } else if (line.trim() === '' || over !== undefined) {
      if (over === undefined || line.trim().length < 4 || !/[=]/.test(over)) found.end();
    } else if (isTable(line)) {
      let end = at;
      while (end < lines.length && lines[end]!.trim() !== '') end++;
      found.code(lines.slice(at - 1, end).filter((each) => !/^[\s+=|-]*$/.test(each)));
      at = end;
    } else if (line.trimEnd().endsWith('::')) {
      const shown = line.trimEnd().slice(0, line.trim() === '::' ? -2 : -1);
      found.text(inlineRst(shown));
      const body = block(at, indentOf(line));
      if (body.some((each) => each.trim() !== '')) found.code(body);
    } else found.text(inlineRst(line));
  }
  return { blocks: found.end() };
}

function ruleMark(line: string | undefined): string | undefined {
  const rule = line?.trimEnd() ?? '';
  const mark = rule[0];
  if (rule.length < 3 || mark === undefined || !'=-~`:.\'"^_*+#<>'.includes(mark)) return undefined;
  return rule === mark.repeat(rule.length) ? mark : undefined;
}

function isTitle(title = '', rule: string | undefined): boolean {
  const text = title.trim();
  if (text === '' || ruleMark(rule) === undefined || ruleMark(title) !== undefined) return false;
  return rule!.trimEnd().length >= text.length - 2 && /[\p{L}\p{N}]/u.test(text);
}

/** A simple or a grid table: its rows are kept as they are drawn. */
function isTable(line: string): boolean {
  return /^\s{0,80}(?:\+[-=]{2,}|={2,}\s+={2})/.test(line.slice(0, 500));
}

/** "``x``", ":ref:`x`", "`x <target>`_" and "**x**" without their marks. */
export function inlineRst(text: string): string {
  return text
    .replace(/:[\w:+-]{1,40}:`([^`<]{1,500})(?:<[^>`]{0,500}>)?`/g, (_all, shown: string) => shown.trim())
    .replace(/``([^`]{1,500})``/g, '$1')
    .replace(/`([^`<]{1,500}) <([^>`]{1,500})>`__?/g, (_all, shown: string, target: string) =>
      /^(?:https?|mailto|tel):/.test(target) && target !== shown ? `${shown} (${target})` : shown,
    )
    .replace(/`([^`]{1,500})`_{0,2}/g, '$1')
    .replace(/\*{1,2}([^\s*][^*]{0,500})\*{1,2}/g, '$1')
    .replace(/\|([^|\s][^|]{0,80})\|_{0,2}/g, '$1')
    .replace(/\[([#\w]{1,40})\]_/g, '[$1]');
}
