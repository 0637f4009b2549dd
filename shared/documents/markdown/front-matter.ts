/** Front matter of Markdown: YAML between "---", or TOML between "+++", at the head of the file. */
import { parse as parseToml } from 'smol-toml';
import { parse as parseYaml } from 'yaml';

/** What a file says of itself, and the rest of it. */
export interface FrontMatter {
  title: string | undefined;
  metadata: Record<string, string>;
  body: string;
}

/** Front matter is short; what is longer is text. */
const MAX_LENGTH = 100_000;
const MAX_DEPTH = 16;
const MAX_HEADER = 5000;
const HEADER_NAMES = /^(?:title|date|author|authors|slug|category|tags|status|summary|layout)$/i;

/**
 * Parts front matter from the text. Its values are flat strings as they are written: `{ tags: 'a, b', 'author.name':
 * 'Ida' }`. Broken YAML is read line by line; what is no front matter stays in the text.
 */
export function partFrontMatter(markdown: string): FrontMatter {
  const text = markdown.replace(/^\ufeff/, '');
  const none = { title: undefined, metadata: {}, body: text };
  const fence = /^(---|\+\+\+)[ \t]*\n/.exec(text.slice(0, 200));
  if (fence === null) return partHeaderLines(text) ?? none;
  const start = fence[0].length;
  const head = text.slice(start, start + MAX_LENGTH);
  const closing = fence[1] === '---' ? /^(?:---|\.\.\.)[ \t]*$/m : /^\+\+\+[ \t]*$/m;
  const end = closing.exec(head);
  if (end === null) return none;
  const values =
    fence[1] === '---' ? yamlValues(head.slice(0, end.index)) : tomlValues(head.slice(0, end.index));
  if (values === undefined) return none;
  const flat = new Map<string, string>();
  flatten(values, '', flat, 0);
  const titleName = [...flat.keys()].find((name) => name.toLowerCase() === 'title');
  const title = titleName === undefined ? undefined : flat.get(titleName);
  if (titleName !== undefined) flat.delete(titleName);
  return { title, metadata: Object.fromEntries(flat), body: text.slice(start + end.index + end[0].length) };
}

/** "Title: Rates" and the like above the text, without fences, as MultiMarkdown and Pelican have them. */
function partHeaderLines(text: string): FrontMatter | undefined {
  const head = text.slice(0, MAX_HEADER);
  const end = head.indexOf('\n\n');
  const lines = head.slice(0, Math.max(end, 0)).split('\n');
  const pairs = lines.map((line) => /^([A-Za-z][\w -]{0,30}):[ \t]+(\S.*)$/.exec(line));
  if (pairs.length < 2 || pairs.some((pair) => pair === null) || !HEADER_NAMES.test(pairs[0]![1]!))
    return undefined;
  const entries = pairs.map((pair) => [pair![1]!.toLowerCase(), pair![2]!.trim()] as const);
  const { title, ...metadata } = Object.fromEntries(entries);
  return { title, metadata, body: text.slice(end) };
}

/** The schema keeps scalars as they are written: a date stays a date, and 1.10 is not 1.1. */
function yamlValues(text: string): object | undefined {
  try {
    const values: unknown = parseYaml(text, { schema: 'failsafe', logLevel: 'error' });
    if (isMapping(values)) return values;
    return text.trim() === '' ? {} : undefined;
  } catch {
    return lineValues(text);
  }
}

function tomlValues(text: string): object | undefined {
  try {
    return parseToml(text, { integersAsBigInt: 'asNeeded' });
  } catch {
    return lineValues(text);
  }
}

/** "title: Berths: the rules" is no YAML, but anyone can read it. */
function lineValues(text: string): object | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const pairs = lines.map((line) => /^([\p{L}\p{N}_.-]+)[ \t]*[:=](.*)$/u.exec(line));
  if (pairs.some((pair) => pair === null)) return undefined;
  const unquoted = (value: string) => value.trim().replace(/^(["'])(.*)\1$/, '$2');
  return new Map(pairs.map((pair) => [pair![1]!, unquoted(pair![2]!)]));
}

/** Lists are joined by commas, names of nested values by dots. */
function flatten(value: unknown, name: string, flat: Map<string, string>, depth: number): void {
  if (value === null || value === undefined || depth > MAX_DEPTH) return;
  if (Array.isArray(value)) for (const item of value) flatten(item, name, flat, depth + 1);
  else if (isMapping(value)) {
    const entries = value instanceof Map ? value.entries() : Object.entries(value);
    for (const [key, inner] of entries) flatten(inner, name === '' ? key : `${name}.${key}`, flat, depth + 1);
  } else {
    const text = value instanceof Date ? value.toISOString() : String(value);
    const before = flat.get(name);
    if (text.trim() !== '') flat.set(name, before === undefined ? text.trim() : `${before}, ${text.trim()}`);
  }
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
