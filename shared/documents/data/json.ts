/** JSON, JSON lines and Jupyter notebooks. */

import { withoutEscapes } from '../charsets/terminal-text.ts';
import { pageText } from '../html/page-text.ts';
import { parseMarkdown } from '../markdown/markdown.ts';
import type { Block, Content } from '../types.ts';
import { type Data, dataBlocks, MAX_DEPTH } from './data-blocks.ts';

type Json = string | boolean | null | Json[] | { [key: string]: Json };

/** Reads JSON with comments, or a JSON value a line; what is neither is taken line by line, as code. */
export function parseJson(text: string): Content {
  try {
    const value = readJson(text);
    return { blocks: isNotebook(value) ? notebookBlocks(value) : dataBlocks(toData(value)) };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError)
      return { blocks: [{ kind: 'code', text }] };
    throw error;
  }
}

function readJson(text: string): Json {
  const plain = quoteNumbers(text);
  try {
    return JSON.parse(plain) as Json;
  } catch (error) {
    const lines = plain.split('\n').filter((line) => /\S/.test(line));
    if (lines.length < 2) throw error;
    return lines.map((line) => JSON.parse(line) as Json);
  }
}

const LITERALS: ReadonlySet<string> = new Set(['true', 'false', 'null']);

/**
 * Makes strings of numbers, which are to stay as they are written (1.10, 12345678901234567890), and of bare words (NaN,
 * JSON5's keys); leaves out comments and the commas before a closing bracket, as editors' settings have them.
 */
function quoteNumbers(text: string): string {
  const token = /["\]}]|\/\/|\/\*|-?\d[\d.eE+-]*|[A-Za-z_$][\w$]*|[^\s,]/g;
  let out = '';
  let from = 0;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const [first] = found;
    const at = found.index;
    let end = token.lastIndex;
    if (first === '"') end = stringEnd(text, at);
    else if (first === '//') end = lineEnd(text, at);
    else if (first === '/*') end = commentEnd(text, at);
    const between = text.slice(from, at);
    out += first === ']' || first === '}' ? between.replaceAll(',', '') : between;
    if (/^(?:-?\d|[A-Za-z_$])/.test(first) && !LITERALS.has(first)) out += `"${first}"`;
    else if (first !== '//' && first !== '/*') out += text.slice(at, end);
    from = end;
    token.lastIndex = end;
  }
  return out + text.slice(from);
}

function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const letter = text[at];
    if (letter === '\\') at++;
    else if (letter === '"' || letter === '\n') return at + 1;
  }
  return text.length;
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end;
}

function commentEnd(text: string, start: number): number {
  const end = text.indexOf('*/', start + 2);
  return end < 0 ? text.length : end + 2;
}

function toData(json: Json, depth = 0): Data {
  if (depth > MAX_DEPTH) throw new RangeError('nested too deeply');
  if (typeof json === 'string') return pageText(json) ?? withoutEscapes(json);
  if (json === null || typeof json === 'boolean') return String(json);
  if (Array.isArray(json)) return { items: json.map((item) => toData(item, depth + 1)) };
  return { entries: Object.entries(json).map(([key, value]) => ({ key, value: toData(value, depth + 1) })) };
}

function isNotebook(json: Json): json is { cells: Json[] } {
  return typeof json === 'object' && json !== null && 'nbformat' in json && Array.isArray(json.cells);
}

/** The cells of a Jupyter notebook: text, code, and what the code printed. */
function notebookBlocks({ cells }: { cells: Json[] }): Block[] {
  return cells.flatMap((cell) => {
    if (typeof cell !== 'object' || cell === null || Array.isArray(cell)) return [];
    const source = joinedLines(cell.source);
    if (cell.cell_type === 'markdown') return parseMarkdown(source).blocks;
    return [source, ...printed(cell.outputs)].map((text): Block => ({ kind: 'code', text }));
  });
}

function printed(outputs: Json | undefined): string[] {
  if (!Array.isArray(outputs)) return [];
  return outputs.map((output) => {
    if (typeof output !== 'object' || output === null || Array.isArray(output)) return '';
    const data = output.data as Record<string, Json> | undefined;
    if (output.output_type === 'error') return [output.ename, output.evalue].filter(Boolean).join(': ');
    return withoutEscapes(joinedLines(output.text ?? data?.['text/plain']));
  });
}

function joinedLines(lines: Json | undefined): string {
  if (typeof lines === 'string') return lines;
  return Array.isArray(lines) ? lines.filter((line) => typeof line === 'string').join('') : '';
}
