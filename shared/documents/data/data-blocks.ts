/** Data (JSON, YAML) as text: a value a line, "harbour.berths[2].name: North", and like objects as a table. */
import type { Block } from '../types.ts';

/** A value; numbers are as they are written. */
export type Data = string | DataList | DataMap;
export interface DataList {
  items: Data[];
}
export interface DataMap {
  entries: DataEntry[];
}
export interface DataEntry {
  key: string;
  value: Data;
  /** What stands beside it for people. */
  comment?: string | undefined;
}

/** A longer text, or one of several lines, is a block of its own. */
const MAX_LINE = 300;
/** Lists of short values stay on one line. */
const MAX_LIST_LINE = 200;
const MAX_CELL = 500;
const MAX_COLUMNS = 24;
/** Objects of a list are rows where so many of their cells are filled. */
const MIN_FILLED = 0.6;
/** What is nested deeper is not read as data. */
export const MAX_DEPTH = 100;

/** The blocks of data. @throws RangeError for what is nested more than 100 deep */
export function dataBlocks(data: Data): Block[] {
  const lines = new Lines();
  lines.add(data, '', 0);
  return lines.end();
}

class Lines {
  #blocks: Block[] = [];
  #lines: string[] = [];

  add(data: Data, path: string, depth: number): void {
    if (depth > MAX_DEPTH) throw new RangeError('nested too deeply');
    if (typeof data === 'string') this.#addText(data, path);
    else if ('entries' in data) this.#addMap(data, path, depth);
    else this.#addList(data, path, depth);
  }

  end(): Block[] {
    if (this.#lines.length > 0) this.#blocks.push({ kind: 'code', text: this.#lines.join('\n') });
    this.#lines = [];
    return this.#blocks;
  }

  #addText(text: string, path: string): void {
    const label = path === '' ? '' : `${path}: `;
    if (text.length <= MAX_LINE && !text.trimEnd().includes('\n')) {
      this.#lines.push(`${label}${text.trimEnd() || '""'}`);
      return;
    }
    this.end();
    const isProse = text.length / (text.trimEnd().split('\n').length || 1) > 60;
    if (isProse) this.#blocks.push({ kind: 'text', text: `${label}${text}` });
    else this.#blocks.push({ kind: 'code', text: path === '' ? text : `${path}:\n${text}` });
  }

  #addMap({ entries }: DataMap, path: string, depth: number): void {
    if (entries.length === 0) this.#lines.push(`${path === '' ? '' : `${path}: `}{}`);
    for (const { key, value, comment } of entries) {
      // Under one top key is what belongs together.
      if (depth === 0 && typeof value !== 'string') this.end();
      if (comment !== undefined) this.#lines.push(...comment.split('\n').map((line) => `# ${line.trim()}`));
      this.add(value, joined(path, key), depth + 1);
    }
  }

  #addList({ items }: DataList, path: string, depth: number): void {
    const line = shortList(items);
    if (line !== undefined) {
      this.#lines.push(`${path === '' ? '' : `${path}: `}${line}`);
      return;
    }
    const table = tableOf(items);
    if (table !== undefined) {
      this.end();
      this.#blocks.push({ kind: 'table', caption: path === '' ? undefined : path, ...table });
      return;
    }
    for (const [i, item] of items.entries()) {
      if (depth === 0 && typeof item !== 'string') this.end();
      this.add(item, `${path}[${i}]`, depth + 1);
    }
  }
}

/** "a, b, c"; undefined for what is too long for a line. */
function shortList(items: readonly Data[]): string | undefined {
  if (items.length === 0) return '[]';
  if (items.length > MAX_LIST_LINE || !items.every((item) => typeof item === 'string')) return undefined;
  const line = items.join(', ');
  return line.length <= MAX_LIST_LINE && !line.includes('\n') ? line : undefined;
}

/** A table, where the objects are alike and none of their values is a text of its own. */
function tableOf(items: readonly Data[]): { header: string[]; rows: string[][] } | undefined {
  if (items.length < 2) return undefined;
  const columns = new Map<string, number>();
  const cells: Map<string, string>[] = [];
  let filled = 0;
  for (const item of items) {
    const row = new Map<string, string>();
    if (typeof item === 'string' || !('entries' in item) || !addCells(item, '', row, 0)) return undefined;
    for (const column of row.keys()) if (!columns.has(column)) columns.set(column, columns.size);
    if (columns.size > MAX_COLUMNS) return undefined;
    filled += row.size;
    cells.push(row);
  }
  if (columns.size === 0 || filled < items.length * columns.size * MIN_FILLED) return undefined;
  const header = [...columns.keys()];
  return { header, rows: cells.map((row) => header.map((column) => row.get(column) ?? '')) };
}

/** The values of an object by their paths; false when one does not fit into a cell. */
function addCells({ entries }: DataMap, path: string, row: Map<string, string>, depth: number): boolean {
  return entries.every(({ key, value, comment }) => {
    if (comment !== undefined || row.size > MAX_COLUMNS || depth > 3) return false;
    const column = joined(path, key);
    if (typeof value === 'object' && 'entries' in value) return addCells(value, column, row, depth + 1);
    const text = typeof value === 'string' ? value : shortList(value.items);
    if (text === undefined || text.length > MAX_CELL || text.trimEnd().includes('\n')) return false;
    row.set(column, text);
    return true;
  });
}

function joined(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
