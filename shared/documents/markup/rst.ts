/** reStructuredText: titles by their underlines, literal blocks, tables and directives; inline marks are dropped. */

import type { Content } from '../types.ts';
import { indentOf, MarkupBlocks, nextLine, unindented } from './markup-lines.ts';
import { csvTable, drawnTable, listTable } from './rst-tables.ts';

/** Directives whose content is code. */
const CODE = /^(?:code|code-block|sourcecode|literalinclude|parsed-literal|math|doctest|console|prompt)$/;
/** Directives that say nothing to a reader. */
const SILENT =
  /^(?:toctree|contents|highlight|default-domain|currentmodule|module|meta|raw|include|index|_.*)$/;
/** Directives whose argument is for programs. */
const UNSAID = /^(?:only|ifconfig|container|class|grid|grid-item|tab-set|image|figure)$/;
const NOTES = /^(?:note|tip|hint|important|warning|caution|danger|error|attention|admonition|seealso)$/;
/** What stands before a note where that is not its name. */
const LABELS: Readonly<Record<string, string>> = { admonition: '', seealso: 'See also: ' };
const CHANGES: Readonly<Record<string, string>> = {
  versionadded: 'Added in version',
  versionchanged: 'Changed in version',
  deprecated: 'Deprecated since version',
  versionremoved: 'Removed in version',
};
const DIRECTIVE = /^\s{0,80}\.\. (?:\|[^|]{1,80}\|\s)?([\w:_-]{1,80}?)::(?:\s(.*))?$/;
/** A simple table of more lines was never ended. */
const MAX_ROWS = 2000;
/** What is nested deeper is read as lines. */
const MAX_DEPTH = 8;

export function parseRst(text: string): Content {
  const found = new MarkupBlocks();
  readLines(text.split('\n'), found, [], 0);
  return { blocks: found.end() };
}

/** @param marks the signs below titles so far, outermost first */
function readLines(lines: readonly string[], found: MarkupBlocks, marks: string[], depth: number): void {
  let at = 0;
  /** The lines from `at` on that are indented by more. */
  const block = (indent: number): string[] => {
    const from = at;
    while (at < lines.length && (lines[at]!.trim() === '' || indentOf(lines[at]!) > indent)) at++;
    return lines.slice(from, at);
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
    const directive = DIRECTIVE.exec(line);
    at++;
    if (directive !== null) {
      const [, name = '', argument = ''] = directive;
      const body = block(indentOf(line));
      if (!SILENT.test(name)) readDirective(name, argument.trim(), body, found, marks, depth);
    } else if (/^\s{0,80}\.\.(?:\s|$)/.test(line)) {
      // A comment or a target; a footnote is text.
      const note = /^\s{0,80}\.\. (\[[^\]]{1,80}\]) (.*)$/.exec(line);
      const body = block(indentOf(line));
      if (note === null) continue;
      found.end();
      found.text(`${note[1]} ${inlineRst([note[2]!, ...body].map((each) => each.trim()).join(' '))}`);
      found.end();
    } else if (line.trim() === '' || over !== undefined) {
      if (over === undefined || line.trim().length < 4 || !/[=]/.test(over)) found.end();
    } else if (isTable(line)) {
      let end = at;
      while (end < lines.length && !isTableEnd(lines, at, end)) end++;
      // One that was never ended has the lines of its paragraph.
      if (!isTable(lines[end - 1]!)) end = nextLine(lines, at, (each) => each.trim() === '');
      readTable(lines.slice(at - 1, end), found);
      at = end;
    } else if (line.trimEnd().endsWith('::')) {
      const shown = line.trimEnd().slice(0, line.trim() === '::' ? -2 : -1);
      found.text(inlineRst(shown));
      const body = block(indentOf(line));
      if (body.some((each) => each.trim() !== '')) found.code(body);
    } else found.text(inlineRst(line));
  }
}

function readDirective(
  name: string,
  argument: string,
  body: readonly string[],
  found: MarkupBlocks,
  marks: string[],
  depth: number,
): void {
  const isOption = (line: string) => /^\s{1,80}:[\w-]{1,80}:/.test(line);
  const start = body.findIndex((line) => !isOption(line));
  const content = start < 0 ? [] : body.slice(start);
  const option = (key: string) => {
    const line = body
      .slice(0, start < 0 ? undefined : start)
      .find((each) => each.trim().startsWith(`:${key}:`));
    return (
      line
        ?.trim()
        .slice(key.length + 2)
        .trim() ?? ''
    );
  };
  const say = (text: string) => {
    found.end();
    if (text !== '') found.text(inlineRst(text));
    found.end();
  };
  const caption = inlineRst(argument) || undefined;
  const headerRows = Math.min(Number.parseInt(option('header-rows'), 10) || 0, 20);
  if (name === 'list-table' || name === 'csv-table') {
    const table =
      name === 'list-table'
        ? listTable(content, headerRows, inlineRst)
        : csvTable(content, option('header'), headerRows);
    found.end();
    if (table !== undefined) found.blocks.push({ ...table, caption });
    return;
  }
  if (CODE.test(name)) {
    say(option('caption'));
    const formula = name === 'math' && argument !== '' ? [argument] : [];
    if (formula.length + content.length > 0) found.code([...formula, ...unindented(content)]);
    return;
  }
  if (name in CHANGES) say(`${CHANGES[name]} ${argument}`);
  else if (NOTES.test(name)) {
    const label = LABELS[name] ?? `${name[0]!.toUpperCase()}${name.slice(1)}: `;
    say((label + argument).trim());
  } else if (name === 'replace') return;
  else say(UNSAID.test(name) ? option('alt') : argument);
  if (depth < MAX_DEPTH) readLines(unindented(content), found, marks, depth + 1);
  else for (const line of content) found.text(line.trim());
  found.end();
}

function readTable(lines: readonly string[], found: MarkupBlocks): void {
  const table = drawnTable(unindented(lines), inlineRst);
  if (table === undefined) {
    found.code(lines.filter((each) => !/^[\s+=|-]*$/.test(each)));
    return;
  }
  found.end();
  found.blocks.push(table);
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

/** A simple or a grid table begins. */
function isTable(line: string): boolean {
  return /^\s{0,80}(?:\+[-=]{2,}|={2,}\s+={2})/.test(line.slice(0, 500));
}

/** An empty line ends a table; in a simple one it does below a rule only, the first rules apart. */
function isTableEnd(lines: readonly string[], start: number, at: number): boolean {
  if (lines[at]!.trim() !== '') return false;
  if (lines[start - 1]!.trim().startsWith('+')) return true;
  return at - start >= MAX_ROWS || (at - start > 1 && isTable(lines[at - 1]!));
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
