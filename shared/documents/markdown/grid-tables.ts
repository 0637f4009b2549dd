/** Tables that are drawn with "+---+" and "|", as Pandoc reads them. */
import type { MarkdownIt, StateBlock } from 'markdown-it';
import { drawnTable } from '../markup/rst-tables.ts';

const RULE = /^\+(?:[-=:]+\+)+$/;
const MAX_LINE = 5000;

/** Teaches a parser to read them. */
export function gridTables(md: MarkdownIt): void {
  const alt = ['paragraph', 'reference', 'blockquote', 'list'];
  md.block.ruler.before('paragraph', 'grid_table', gridTable, { alt });
}

function gridTable(state: StateBlock, startLine: number, endLine: number, silent: boolean): boolean {
  const lineAt = (line: number) => {
    const start = state.bMarks[line]! + state.tShift[line]!;
    return state.src.slice(start, Math.min(state.eMarks[line]!, start + MAX_LINE)).trim();
  };
  if (state.sCount[startLine]! - state.blkIndent >= 4 || !RULE.test(lineAt(startLine))) return false;
  const lines: string[] = [];
  for (let line = startLine; line < endLine && /^[+|]/.test(lineAt(line)); line += 1)
    lines.push(lineAt(line));
  // Colons tell how a column is set.
  const rules = lines.map((line) =>
    RULE.test(line) ? line.replaceAll(':', line.includes('=') ? '=' : '-') : line,
  );
  if (lines.length < 3 || !RULE.test(lines.at(-1)!)) return false;
  const table = drawnTable(rules, (cell) => cell);
  if (table === undefined) return false;
  if (silent) return true;
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${state.md.renderInline(cell, {})}</${tag}>`).join('')}</tr>`;
  const token = state.push('html_block', '', 0);
  const header = table.header === undefined ? '' : row(table.header, 'th');
  token.content = `<table>${header}${table.rows.map((cells) => row(cells, 'td')).join('')}</table>\n`;
  state.line = startLine + lines.length;
  return true;
}
